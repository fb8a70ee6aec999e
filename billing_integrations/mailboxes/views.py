from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Action, Resource, requires
from billing_integrations.mailboxes.tasks import send_test_mail
from connections.mailbox import current_mailbox
from connections.providers import Trade, providers
from connections.selectors import in_use

if TYPE_CHECKING:
    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest


@require_GET
@requires(Action.VIEW, Resource.INTEGRATIONS)
def settings_page(request: SignedInRequest) -> HttpResponse:
    """Show from which mailbox the clinic writes, and offer to try it."""
    offered = [one for one in providers() if one.trade is Trade.MAIL and one.is_offered]
    context = {
        "mailbox": current_mailbox(),
        "connection": in_use(Trade.MAIL),
        "offered": offered,
    }
    return render(request, "mailboxes/settings.html", context)


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
