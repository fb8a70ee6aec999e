from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Action, Resource, requires
from billing_integrations.gmail import answers
from billing_integrations.mailboxes.tasks import send_test_mail
from connections import cards, consent
from connections.mailbox import current_mailbox
from connections.providers import Trade, provider, providers
from connections.selectors import in_use
from ui import csp

if TYPE_CHECKING:
    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest


@require_GET
@requires(Action.VIEW, Resource.INTEGRATIONS)
def settings_page(request: SignedInRequest) -> HttpResponse:
    """Show from which mailbox the clinic writes, and offer to try it."""
    offered = [one for one in providers() if one.trade is Trade.MAIL and one.is_offered]
    connection = in_use(Trade.MAIL)
    context = {
        "mailbox": current_mailbox(),
        "connection": connection,
        "offered": offered,
        "reading": answers.how_it_stands(connection),
    }
    response = render(request, "mailboxes/settings.html", context)
    card = cards.card_of(answers.PROVIDER)
    csp.allow(response, "form-action", *cards.vendor_origins([card] if card else []))
    return response


@require_POST
@requires(Action.CREATE, Resource.INTEGRATIONS)
def reading(request: SignedInRequest) -> HttpResponse:
    """Ask Google for the consent to read, or do without it from now on."""
    connection = in_use(Trade.MAIL)
    if connection is None or answers.how_it_stands(connection) is None:
        messages.error(request, "Answers are read from a connected Gmail mailbox only.")
        return redirect("mailboxes:settings")
    if request.POST.get("action") != "on":
        answers.stop(connection, actor=request.user, at=timezone.now())
        messages.success(request, "Nothing is read from the mailbox any more.")
        return redirect("mailboxes:settings")
    answers.ask(connection, actor=request.user)
    url = consent.begin(
        provider(connection.provider),
        tenant=request.tenant,
        session=request.session,
        at=timezone.now(),
        options=connection.options,
    )
    return HttpResponseRedirect(url)


@require_POST
@requires(Action.CHANGE, Resource.INTEGRATIONS)
def send_test(request: SignedInRequest) -> HttpResponse:
    """Send the person who asks a mail, from the mailbox that patients get theirs from."""
    send_test_mail.delay(str(request.user.pk))
    messages.success(
        request,
        f"A test mail is on its way to {request.user.email}. It should be there in a minute.",
    )
    return redirect("mailboxes:settings")
