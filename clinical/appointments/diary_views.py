"""The diary's time grid: its page, what it reads, what dragging on it does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.http import JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, allows, requires
from clinical.appointments import diary, errors, selectors, services, waiting
from clinical.appointments.drawer_facts import drawer_facts_of
from clinical.appointments.forms import DiaryForm, MoveForm
from clinical.appointments.statuses import TAKES_NO_TIME
from clinical.practice.clock import LocalTimeError, moment_at, today_at, zone_of
from clinical.practice.selectors import (
    locations_in_use,
    practitioner_of,
    practitioners_in_use,
    roster_of,
)

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.appointments.models import Appointment
    from clinical.practice.requests import SignedInRequest

CONFLICT = 409
UNPROCESSABLE = 422


@require_safe
@requires(Action.VIEW, Resource.APPOINTMENTS)
def page(request: SignedInRequest) -> HttpResponse:
    """Show the grid; it fetches what it shows itself."""
    form = DiaryForm(request.GET)
    asked = form.asked()
    zone = zone_of(asked.location)
    today = today_at(zone, timezone.now())
    mine = practitioner_of(request.user)
    context = {
        "locations": list(locations_in_use(also=asked.location.pk if asked.location else None)),
        "practitioners": list(practitioners_in_use()),
        "location": asked.location,
        "mine": mine,
        "config": {
            "date": (asked.first or today).isoformat(),
            "today": today.isoformat(),
            "view": asked.view,
            "location": str(asked.location.pk) if asked.location else "",
            "practitioner": str(asked.practitioner or (mine.pk if mine else "")),
            "feed": reverse("appointments:diary_feed"),
            "version": reverse("appointments:diary_version"),
            "drawer": reverse("appointments:drawer", kwargs={"pk": NOBODY_ID}),
            "move": reverse("appointments:move", kwargs={"pk": NOBODY_ID}),
            "status": reverse("appointments:status", kwargs={"pk": NOBODY_ID}),
            "anyone": NOBODY_ID,
            "new": reverse("appointments:new"),
            "list": reverse("appointments:day"),
            "mayCreate": allows(request.user, Action.CREATE, Resource.APPOINTMENTS),
            "mayChange": allows(request.user, Action.CHANGE, Resource.APPOINTMENTS),
        },
    }
    return render(request, "appointments/diary.html", context)


NOBODY_ID = "00000000-0000-0000-0000-000000000000"
"""Stands in addresses where the page puts an appointment's id."""


@require_safe
@requires(Action.VIEW, Resource.APPOINTMENTS)
def feed(request: SignedInRequest) -> HttpResponse:
    """Answer the blocks and columns of some days."""
    form = DiaryForm(request.GET)
    if not form.is_span():
        return _refusal("Say which days to show, at most six weeks of them.", UNPROCESSABLE)
    asked = form.asked()
    assert asked.first is not None and asked.last is not None  # noqa: S101, PT018 - a span has both
    span = selectors.visits_of_span(
        request.user,
        asked.first,
        asked.last,
        location=asked.location,
        practitioner=asked.practitioner,
    )
    zone = zone_of(asked.location)
    now = timezone.now()
    hours = list(roster_of(asked.location, asked.practitioner))
    first, last = diary.hours_of(span.visits)
    return JsonResponse(
        {
            "events": [diary.event_of(visit) for visit in span.visits],
            "rosters": diary.rosters_of(hours, asked.first, asked.last),
            "columns": diary.columns_of(
                diary.on_duty(list(practitioners_in_use()), hours, asked.first, asked.last),
                span.visits,
            ),
            "arrivals": [
                diary.arrival_of(visit, now)
                for visit in selectors.arrivals(request.user, now=now, location=asked.location)
            ],
            "hours": [first, last],
            "version": span.version,
            "now": f"{now.astimezone(zone):{diary.WALL_CLOCK}}",
        }
    )


@require_safe
@requires(Action.VIEW, Resource.APPOINTMENTS)
def version(request: SignedInRequest) -> HttpResponse:
    """Answer whether anything has changed in some days: asked every two seconds by open diaries."""
    form = DiaryForm(request.GET)
    if not form.is_span():
        return _refusal("Say which days are shown.", UNPROCESSABLE)
    asked = form.asked()
    assert asked.first is not None and asked.last is not None  # noqa: S101, PT018 - a span has both
    found = selectors.version_of_span(request.user, asked.first, asked.last)
    zone = zone_of(asked.location)
    now = f"{timezone.now().astimezone(zone):{diary.WALL_CLOCK}}"
    return JsonResponse({"version": found, "now": now})


@require_safe
@requires(Action.VIEW, Resource.APPOINTMENTS)
def drawer(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show an appointment beside the grid."""
    appointment = selectors.get_appointment(request.user, pk)
    return render(request, "appointments/_drawer.html", drawer_context(request, appointment))


def drawer_context(request: SignedInRequest, appointment: Appointment) -> dict[str, Any]:
    patient = appointment.patient
    return {
        "appointment": appointment,
        "visit": selectors.visit_of(appointment),
        "points": patient.points_in_order() if patient else [],
        "header": drawer_facts_of(request.user, appointment),
        "following": selectors.next_visit_of(appointment, request.user),
        "in_series": len(selectors.following_in_series(appointment)),
        "could_come": (
            waiting.who_would_take(appointment, request.user)
            if appointment.status in TAKES_NO_TIME and appointment.starts_at > timezone.now()
            else []
        ),
    }


def trigger(response: HttpResponse, *events: str) -> HttpResponse:
    """Tell the page, beside what it has been told already, that something has happened."""
    told = json.loads(response.headers.get("HX-Trigger", "{}"))
    response["HX-Trigger"] = json.dumps(told | {name: {} for name in events})
    return response


@require_POST
@requires(Action.CHANGE, Resource.APPOINTMENTS)
def move(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Move or stretch a block. 409 says what is in the way, or that somebody was faster."""
    appointment = selectors.get_appointment(request.user, pk)
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _refusal("This place in the diary makes no sense. Look at the day again.")
    try:
        _move(request, appointment, form.cleaned_data)
    except errors.SlotTakenError as error:
        clashes = [_clash_words(clash) for clash in error.clashes]
        return JsonResponse(
            {
                "detail": str(error),
                "reason": "full" if error.is_final else "taken",
                "clashes": clashes,
            },
            status=CONFLICT,
        )
    except errors.AppointmentChangedError as error:
        return JsonResponse({"detail": str(error), "reason": "changed"}, status=CONFLICT)
    except (errors.AppointmentError, LocalTimeError) as error:
        return _refusal(str(error))
    return JsonResponse({"event": diary.event_of(selectors.visit_of(appointment))})


def _move(request: SignedInRequest, appointment: Appointment, wanted: dict[str, Any]) -> None:
    zone = zone_of(appointment.location)
    starts, ends = (
        moment_at(clock.date(), clock.time(), zone) for clock in (wanted["start"], wanted["end"])
    )
    services.as_read_at(appointment, wanted["seen"])
    services.move_appointment(
        appointment,
        actor=request.user,
        at=timezone.now(),
        starts_at=starts,
        ends_at=ends,
        practitioner=wanted["practitioner"],
        may_clash=wanted["may_clash"],
        following=wanted["following"],
    )


def _clash_words(clash: Appointment) -> str:
    visit = selectors.visit_of(clash)
    who = clash.patient.full_name if clash.patient else clash.notes or "blocked"
    whom = f" with {clash.practitioner}" if clash.practitioner else ""
    return f"{visit.starts:%-I:%M %p}: {who}{whom}"


def _refusal(detail: str, status: int = UNPROCESSABLE) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)
