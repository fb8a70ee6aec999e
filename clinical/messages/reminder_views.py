"""Who gets what: the reminders of the next days, what was sent, and what could not be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.messages import planning, texting
from clinical.messages.forms import ActForm, ListForm
from clinical.messages.models import Reminder
from clinical.practice.clock import day_span
from connections.providers import Trade
from connections.selectors import in_use

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.messages.planning import Outlook
    from clinical.practice.requests import SignedInRequest

SHOWN = 100


@require_safe
@requires(Action.VIEW, Resource.MESSAGES)
def reminders(request: SignedInRequest) -> HttpResponse:
    """Show who gets what on a day, or all that was sent or could not be."""
    asked = ListForm(request.GET).asked()
    show = asked["show"]
    context: dict[str, Any] = {
        "show": show if show in {"sent", "failed"} else "coming",
        "failed_count": texting.count_failed(request.user),
        "has_rules": any(rule.is_on for rule in texting.rules_in_use()),
        "has_account": in_use(Trade.SMS) is not None,
    }
    if context["show"] == "coming":
        context |= _coming(request, asked["day"])
    else:
        page = asked["page"]
        rows, more = texting.past_reminders(request.user, failed=show == "failed", page=page)
        url = f"{reverse('clinic_messages:reminders')}?show={show}"
        context |= {
            "rows": rows,
            "newer_url": f"{url}&page={page - 1}" if page > 1 else "",
            "older_url": f"{url}&page={page + 1}" if more else "",
        }
    return render(request, "messages/reminders.html", context)


@require_POST
@requires(Action.CREATE, Resource.MESSAGES)
def act(request: SignedInRequest) -> HttpResponse:
    """Hold one that is coming, leave it out, or send it now."""
    form = ActForm(request.POST)
    if not form.is_valid():
        raise Http404
    visit, rule = form.cleaned_data["visit"], form.cleaned_data["rule"]
    action, now = form.cleaned_data["action"], timezone.now()
    try:
        if action == "send":
            planning.send_now(visit, rule, actor=request.user, at=now)
            messages.success(request, "On its way.")
        else:
            state = Reminder.State.HELD if action == "hold" else Reminder.State.SKIPPED
            planning.set_aside(visit, rule, actor=request.user, at=now, state=state)
            said = "Held back until somebody lets it go." if action == "hold" else "Left out."
            messages.success(request, said)
    except planning.ReminderError as error:
        messages.error(request, str(error))
    return _back(request)


@require_POST
@requires(Action.CREATE, Resource.MESSAGES)
def step(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Let one go again, send it again, or say that the patient was told otherwise."""
    reminder = texting.get_reminder(request.user, pk)
    verb, said = {
        "let_go": (planning.let_go, "It goes out when it is due."),
        "again": (planning.send_again, "On its way."),
        "told": (planning.told_otherwise, "Taken off the list."),
    }.get(request.POST.get("action", ""), (None, ""))
    if verb is None:
        raise Http404
    try:
        verb(reminder, actor=request.user, at=timezone.now())
    except planning.ReminderError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return _back(request)


def _coming(request: SignedInRequest, day: date | None) -> dict[str, Any]:
    zone, now = timezone.get_current_timezone(), timezone.now()
    today = timezone.localdate()
    days = [today + timedelta(days=number) for number in range(texting.DAYS_AHEAD)]
    chosen = day if day in days else None
    first = day_span(chosen or days[0], zone)[0]
    until = day_span(chosen or days[-1], zone)[1]
    found = texting.coming_reminders(request.user, first=first, until=until, now=now)
    return {
        "outlooks": found[:SHOWN],
        "more": max(len(found) - SHOWN, 0),
        "days": [{"day": one, "active": one == chosen, "today": one == today} for one in days],
        "chosen": chosen,
        "counts": counts_of(found),
    }


def counts_of(found: Sequence[Outlook]) -> dict[str, int]:
    """Answer how many go out by each way, and how many do not."""
    going = [one for one in found if one.goes_out]
    return {
        "sms": sum(one.channel == "sms" for one in going),
        "email": sum(one.channel == "email" for one in going),
        "problem": sum(bool(one.problem) and not one.due.state for one in found),
        "parts": sum(one.said.count.segments for one in going if one.said and one.channel == "sms"),
    }


def _back(request: SignedInRequest) -> HttpResponse:
    """Go back to the list as it was narrowed."""
    url = request.POST.get("next", "")
    here = reverse("clinic_messages:reminders")
    is_ours = url_has_allowed_host_and_scheme(url, None) and url.partition("?")[0] == here
    return redirect(url if is_ours else here)
