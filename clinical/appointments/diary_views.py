"""The diary's time grid: its page, what it reads, what dragging on it does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, allows, requires
from clinical.appointments import (
    columns,
    diary,
    errors,
    groups,
    marks,
    openings,
    selectors,
    services,
    waiting,
)
from clinical.appointments.diary_forms import (
    Asked,
    AttendeeForm,
    DiaryForm,
    MoveForm,
    OpeningsForm,
)
from clinical.appointments.drawer_facts import drawer_actions_of, drawer_facts_of
from clinical.appointments.statuses import TAKES_NO_TIME
from clinical.practice.clock import LocalTimeError, moment_at, today_at, zone_of
from clinical.practice.models import AppointmentType
from clinical.practice.selectors import (
    locations_in_use,
    practitioner_of,
    practitioners_in_use,
    roster_of,
)
from ui.toasts import add_toast

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from clinical.appointments.models import Appointment, WaitingEntry
    from clinical.patients.models import Address
    from clinical.practice.models import RosterHours
    from clinical.practice.requests import SignedInRequest

CONFLICT = 409
UNPROCESSABLE = 422
DAYS_IN_DETAIL = 7


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
        "marks": marks.known_marks(),
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
            "sheet": reverse("appointments:sheet"),
            "columns": reverse("appointments:columns"),
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
    now = timezone.now()
    hours = list(roster_of(asked.location, asked.practitioner))
    first, last = diary.hours_of(span.visits)
    return JsonResponse(
        {
            **_columns(request, asked, span.visits, hours),
            "events": _events(request, asked, span.visits, now),
            "rosters": diary.rosters_of(hours, asked.first, asked.last),
            "arrivals": [
                diary.arrival_of(visit, now)
                for visit in selectors.arrivals(request.user, now=now, location=asked.location)
            ],
            "hours": [first, last],
            "version": span.version,
            "now": f"{now.astimezone(zone_of(asked.location)):{diary.WALL_CLOCK}}",
        }
    )


def _events(
    request: SignedInRequest, asked: Asked, visits: Sequence[selectors.Visit], now: datetime
) -> list[dict[str, Any]]:
    """Answer the blocks; signs and hatched time are shown for a week at most, not for months."""
    if asked.days > DAYS_IN_DETAIL:
        return [diary.event_of(visit) for visit in visits]
    found = marks.marks_of(request.user, [visit.appointment for visit in visits], now=now)
    blocks = [diary.event_of(visit, found[visit.appointment.pk]) for visit in visits]
    return blocks + [span for visit in visits for span in diary.around_of(visit)]


def _columns(
    request: SignedInRequest,
    asked: Asked,
    visits: Sequence[selectors.Visit],
    hours: Sequence[RosterHours],
) -> dict[str, Any]:
    """Answer the columns as the person wants them, and what is hidden though it has something."""
    assert asked.first is not None and asked.last is not None  # noqa: S101, PT018 - a span has both
    in_use = list(practitioners_in_use())
    clinicians = diary.clinicians_of(in_use, visits)
    arranged = columns.arrange(
        columns.wishes_of(request.user, asked.location, clinicians.known),
        rostered=diary.on_duty(in_use, hours, asked.first, asked.last),
        booked=set(clinicians.booked),
    )
    return {
        "columns": diary.columns_of(arranged.shown, visits),
        "hidden": [
            {"title": one.name, "visits": clinicians.booked[one.pk]} for one in arranged.hidden
        ],
    }


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
    attendees = selectors.attendees_of(appointment, request.user)
    visit = selectors.visit_of(appointment, attendees)
    found = marks.marks_of(request.user, [appointment], now=timezone.now())
    return {
        "appointment": appointment,
        "visit": visit,
        "marks": found[appointment.pk],
        "title": diary.title_of(appointment),
        "addresses": home_of(appointment),
        "points": patient.points_in_order() if patient else [],
        "header": drawer_facts_of(request.user, appointment),
        "actions": drawer_actions_of(request.user, appointment),
        "following": selectors.next_visit_of(appointment, request.user),
        "in_series": len(selectors.following_in_series(appointment)),
        "could_come": _could_come(request, visit),
    }


def _could_come(request: SignedInRequest, visit: selectors.Visit) -> Sequence[WaitingEntry]:
    """Answer who waits for a time that has become free, or for a place in just such a session."""
    item = visit.appointment
    if item.starts_at <= timezone.now():
        return []
    if item.status in TAKES_NO_TIME:
        return waiting.who_would_take(item, request.user)
    if not item.is_group or not visit.free_seats:
        return []
    waits = waiting.who_would_take(item, request.user)
    inside = {one.patient_id for one in visit.attending}
    return [one for one in waits if one.appointment_type_id and one.patient_id not in inside]


def home_of(appointment: Appointment) -> list[Address]:
    """Answer where the patient lives, for a visit that takes place there."""
    if appointment.patient is None or appointment.setting != AppointmentType.Setting.HOME:
        return []
    return list(appointment.patient.addresses.all())


@require_POST
@requires(Action.CREATE, Resource.APPOINTMENTS)
def attendees(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Give a patient a place in a group session."""
    session = selectors.get_appointment(request.user, pk)
    form = AttendeeForm(request.POST, actor=request.user)
    problem: dict[str, Any] = {}
    if form.is_valid():
        try:
            groups.add_attendee(session, actor=request.user, at=timezone.now(), **form.cleaned_data)
        except errors.SlotTakenError as error:
            words = [clash_words(clash) for clash in error.clashes]
            problem = {"taken": words, "wanted": form.cleaned_data["patient"]}
        except errors.AppointmentError as error:
            problem = {"problem": str(error)}
    else:
        problem = {"problem": next(iter(form.errors.values()))[0]}
    if request.headers.get("HX-Target") != "diary-drawer":
        return _back_to(request, session, problem)
    context = drawer_context(request, session) | problem
    answer = render(request, "appointments/_drawer.html", context)
    return answer if problem else trigger(answer, "diary:changed")


def _back_to(
    request: SignedInRequest, session: Appointment, problem: dict[str, Any]
) -> HttpResponse:
    if problem:
        messages.error(request, problem.get("problem") or "; ".join(problem["taken"]))
    return redirect("appointments:detail", pk=session.pk)


@require_safe
@requires(Action.CREATE, Resource.APPOINTMENTS)
def free_times(request: SignedInRequest) -> HttpResponse:
    """Offer the next times at which the clinician, or any, could see somebody."""
    form = OpeningsForm(request.GET)
    wanted, now = form.wanted(), timezone.now()
    today = today_at(zone_of(wanted.location), now)
    first = max(form.first_day() or today, today)
    found = openings.free_times(wanted, first=first, now=now)
    has_roster = bool(found) or roster_of(wanted.location).exists()
    context = {"openings": found, "first": first, "wanted": wanted, "has_roster": has_roster}
    return render(request, "appointments/_openings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW, Resource.APPOINTMENTS)
def columns_page(request: SignedInRequest) -> HttpResponse:
    """Let a person choose whose columns they see at a location, and in which order."""
    asked = DiaryForm(request.POST or request.GET).asked()
    known = list(practitioners_in_use())
    if request.method == "POST":
        by_id = {str(one.pk): one for one in known}
        shows = set(columns.Show.values)
        wishes = [
            columns.Wish(by_id[pk], show)
            for pk in dict.fromkeys(request.POST.getlist("column"))
            if pk in by_id and (show := request.POST.get(f"show-{pk}", "")) in shows
        ]
        columns.set_columns(actor=request.user, location=asked.location, wishes=wishes)
        return trigger(add_toast(HttpResponse(), "Columns saved."), "diary:changed", "diary:close")
    context = {
        "wishes": columns.wishes_of(request.user, asked.location, known),
        "choices": [(show.value, show.name.capitalize()) for show in columns.Show],
        "location": asked.location,
    }
    return render(request, "appointments/_columns.html", context)


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
        clashes = [clash_words(clash) for clash in error.clashes]
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


def clash_words(clash: Appointment) -> str:
    """Say what is in the way; what is only near is named with the time it needs around it."""
    visit = selectors.visit_of(clash)
    who = diary.title_of(clash) if clash.patient_id or clash.is_group else clash.notes or "blocked"
    whom = f" with {clash.practitioner}" if clash.practitioner else ""
    around = clash.minutes_before + clash.minutes_after
    needs = f", and {around} min around it" if around else ""
    return f"{visit.starts:%-I:%M %p}: {who}{whom}{needs}"


def _refusal(detail: str, status: int = UNPROCESSABLE) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)
