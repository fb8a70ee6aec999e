"""The clinic's account for texts: what it is set to, a text to oneself, what a month has cost."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, allows, requires
from billing_integrations.sms import selectors, senders, services, watching
from billing_integrations.sms.forms import SenderForm, TestForm
from billing_integrations.sms.models import Poll
from connections import inbox
from connections import selectors as connection_selectors
from connections.models import OutboxEntry
from connections.providers import Trade
from connections.providers import provider as provider_of

if TYPE_CHECKING:
    from typing import Any

    from django.forms import BaseForm
    from django.http import HttpRequest, HttpResponse

    from clinical.practice.requests import SignedInRequest
    from connections.models import Connection

UNPROCESSABLE = 422
SETTINGS = "sms:settings"


@require_safe
@requires(Action.VIEW, Resource.INTEGRATIONS)
def settings_page(request: SignedInRequest) -> HttpResponse:
    return _page(request)


@require_POST
@requires(Action.RUN, Resource.INTEGRATIONS)
def send_test(request: SignedInRequest) -> HttpResponse:
    """Text the person who asks."""
    connection = _connection()
    form = TestForm(request.POST)
    if not form.is_valid():
        return _page(request, test_form=form)
    try:
        services.send_test(
            connection,
            form.cleaned_data["number"],
            clinic_name=request.tenant.name,
            actor=request.user,
            at=timezone.now(),
        )
    except services.SmsError as error:
        form.add_error(None, str(error))
        return _page(request, test_form=form)
    messages.success(request, "The test is on its way: see below how it fares.")
    return redirect(SETTINGS)


@require_POST
@requires(Action.CHANGE, Resource.INTEGRATIONS)
def change_sender(request: SignedInRequest) -> HttpResponse:
    """Let texts come from another number or name."""
    connection = _connection()
    form = SenderForm(request.POST, services=connection.provider == "twilio")
    if not form.is_valid():
        return _page(request, sender_form=form)
    services.change_sender(
        connection, form.cleaned_data["sender"], actor=request.user, at=timezone.now()
    )
    messages.success(request, "Texts come from there from now on.")
    return redirect(SETTINGS)


@require_POST
@requires(Action.CHANGE, Resource.INTEGRATIONS)
def receive_replies(request: SignedInRequest) -> HttpResponse:
    """Have replies come to Nexus."""
    connection = _connection()
    try:
        services.receive_replies(connection, actor=request.user, at=timezone.now())
    except services.SmsError as error:
        messages.error(request, str(error))
    return redirect(SETTINGS)


@require_safe
@requires(Action.VIEW, Resource.INTEGRATIONS)
def tests(request: SignedInRequest) -> HttpResponse:
    """Answer the tests as they stand, for the page that waits."""
    return render(request, "sms/_tests.html", _tests(connection_selectors.in_use(Trade.SMS)))


@require_safe
@requires(Action.VIEW, Resource.INTEGRATIONS)
def replies(request: SignedInRequest) -> HttpResponse:
    """Answer how the vendor was told of our address, for the page that waits."""
    return render(request, "sms/_replies.html", _replies(connection_selectors.in_use(Trade.SMS)))


@require_safe
@requires(Action.VIEW, Resource.INTEGRATIONS)
def costs(request: SignedInRequest) -> HttpResponse:
    """Show what a month's texts came to."""
    today = timezone.localdate()
    chosen = _month(request.GET.get("month", ""), today)
    context = {
        "month": selectors.month_of(chosen),
        "months": [
            {"first": first, "value": f"{first:%Y-%m}", "is_chosen": first == chosen}
            for first in selectors.months(today)
        ],
    }
    return render(request, "sms/costs.html", context)


@require_safe
@requires(Action.VIEW, Resource.PATIENTS)
def alarm(request: HttpRequest) -> HttpResponse:
    """Answer the line above every page anew; nothing once texts arrive again."""
    return render(request, "sms/_alarm.html", {"banner": watching.banner(request)})


def _page(
    request: SignedInRequest,
    *,
    test_form: BaseForm | None = None,
    sender_form: BaseForm | None = None,
) -> HttpResponse:
    connection = connection_selectors.in_use(Trade.SMS)
    context: dict[str, Any] = {"connection": connection}
    if connection is not None:
        sender = str(connection.options.get("sender", ""))
        may_change = allows(request.user, Action.CHANGE, Resource.INTEGRATIONS)
        context |= (
            _tests(connection)
            | _replies(connection)
            | {
                "vendor": provider_of(connection.provider),
                "sender": senders.shown(sender),
                "takes_replies": senders.takes_replies(sender),
                "warnings": senders.warnings_of(sender),
                "hook_address": inbox.address_of(connection) if may_change else "",
                "may_change": may_change,
                "month": selectors.month_of(timezone.localdate()),
                "waiting": selectors.waiting_texts(),
                "poll": Poll.objects.filter(provider=connection.provider).first(),
                "test_form": test_form or TestForm(),
                "sender_form": sender_form
                or SenderForm(initial={"sender": sender}, services=connection.provider == "twilio"),
            }
        )
    errors = any(form is not None and form.errors for form in (test_form, sender_form))
    return render(request, "sms/settings.html", context, status=UNPROCESSABLE if errors else 200)


def _tests(connection: Connection | None) -> dict[str, Any]:
    rows = [_test_row(entry) for entry in selectors.latest_tests(connection)]
    return {"tests": rows, "tests_are_moving": any(row["is_moving"] for row in rows)}


def _replies(connection: Connection | None) -> dict[str, Any]:
    latest = selectors.latest_replies(connection)
    moving = {OutboxEntry.State.WAITING, OutboxEntry.State.SENDING}
    return {"replies": latest, "replies_are_moving": bool(latest and latest.state in moving)}


def _test_row(entry: OutboxEntry) -> dict[str, Any]:
    state, tone = entry.get_state_display(), "info"
    problem = entry.problem
    is_moving = entry.state in {OutboxEntry.State.WAITING, OutboxEntry.State.SENDING}
    if entry.state == OutboxEntry.State.SENT:
        told = {
            "delivered": ("Delivered", "success"),
            "failed": ("Not delivered", "danger"),
            "sent": ("Sent to the network", "info"),
        }
        state, tone = told.get(entry.answer.get("state", ""), ("Taken by the vendor", "info"))
        problem = entry.answer.get("problem", "")
        age = timezone.now() - (entry.sent_at or entry.created_at)
        is_moving = tone == "info" and age.total_seconds() < WATCHED_SECONDS
    elif entry.state in {OutboxEntry.State.FAILED, OutboxEntry.State.UNCLEAR}:
        tone = "danger"
    return {
        "number": senders.shown(str(entry.payload.get("to", ""))),
        "at": entry.created_at,
        "state": state,
        "tone": tone,
        "problem": problem,
        "segments": entry.answer.get("segments"),
        "is_moving": is_moving,
    }


WATCHED_SECONDS = 180
"""So long the page asks for the receipt of a test."""


def _connection() -> Connection:
    connection = connection_selectors.live(Trade.SMS)
    if connection is None:
        raise Http404
    return connection


def _month(written: str, today: date) -> date:
    try:
        chosen = date.fromisoformat(f"{written}-01")
    except ValueError:
        return today.replace(day=1)
    return min(chosen, today.replace(day=1))
