"""The verbs about appointments. Who changed what is recorded by the table's own triggers."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from accounts.permissions import Action, Resource
from clinical.appointments import groups
from clinical.appointments.errors import AppointmentChangedError, GroupError, StatusError
from clinical.appointments.models import Appointment
from clinical.appointments.selectors import following_in_series
from clinical.appointments.statuses import LOOKS, STAYS_WHERE_IT_IS, TAKES_NO_TIME, steps_from
from clinical.appointments.writing import (
    add,
    check_free,
    check_span,
    is_exclusive,
    kept_apart,
    swap,
    write_attendees,
)
from clinical.practice.clock import moment_at, zone_of
from clinical.practice.models import AppointmentType
from clinical.practice.rules import require
from tenants.ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.practice.models import Location, Practitioner


@dataclass(frozen=True)
class Repeat:
    """Every so many weeks, `times` visits in all, at the same time of day through both clock changes."""

    weeks: int
    times: int

    def after(self, start: datetime, zone: tzinfo) -> Iterator[datetime]:
        """Yield when the visits after the first begin; raises LocalTimeError for a skipped hour."""
        local = start.astimezone(zone)
        for number in range(1, self.times):
            day = local.date() + timedelta(weeks=self.weeks * number)
            yield moment_at(day, local.time(), zone)


@dataclass(frozen=True)
class Way:
    """How clinician and patient come together: minutes on the road, or a link to a video room."""

    travel_before: int = 0
    travel_after: int = 0
    video_link: str = ""


@transaction.atomic
def book_appointment(
    *,
    actor: User,
    starts_at: datetime,
    minutes: int,
    patient: Patient | None = None,
    practitioner: Practitioner | None = None,
    location: Location | None = None,
    appointment_type: AppointmentType | None = None,
    notes: str = "",
    may_clash: bool = False,
    repeat: Repeat | None = None,
    way: Way | None = None,
) -> Appointment:
    """Book a span of the diary, or a series of them; without a patient it blocks the time.

    A type for several makes it a group session; the patient gets a place in it, or in the one of
    that type which the clinician holds just then already.

    Answers the first. Raises SlotTakenError unless `may_clash`: double booking is possible, never by
    accident, and not with a clinician who does not allow it. A series is booked whole or not at all.
    """
    require(actor, Action.CREATE, Resource.APPOINTMENTS)
    starts = [starts_at, *(repeat.after(starts_at, zone_of(location)) if repeat else ())]
    seats = appointment_type.max_attendees if appointment_type else 1
    attending = patient if seats > 1 else None
    held = {
        start: groups.session_at(appointment_type, practitioner, start)
        for start in starts
        if appointment_type and attending
    }
    columns = {
        "patient": None if seats > 1 else patient,
        "practitioner": practitioner,
        "location": location,
        "appointment_type": appointment_type,
        "notes": notes.strip(),
        "series_id": uuid7() if len(starts) > 1 else None,
        "is_exclusive": is_exclusive(practitioner),
        "seats": seats,
        **_needs_of(appointment_type),
        **_columns_of(way or Way(), appointment_type, practitioner),
    }
    booked = [
        held.get(start)
        or Appointment(starts_at=start, ends_at=start + timedelta(minutes=minutes), **columns)
        for start in starts
    ]
    new = [one for one in booked if one._state.adding]  # noqa: SLF001 - Django's documented Model API
    check_span(booked[0])
    check_free(new, may_clash=may_clash)
    now = timezone.now()
    for appointment in new:
        add(appointment, at=now)
    if attending is not None:
        for session in booked:
            groups.add_attendee(
                session, actor=actor, at=now, patient=attending, may_clash=may_clash
            )
    return booked[0]


def _needs_of(kind: AppointmentType | None) -> dict[str, int]:
    return {
        "buffer_before": kind.buffer_before if kind else 0,
        "buffer_after": kind.buffer_after if kind else 0,
    }


def _columns_of(
    way: Way, kind: AppointmentType | None, practitioner: Practitioner | None
) -> dict[str, Any]:
    """Answer the columns of the way; a video visit without a link gets the clinician's own room."""
    link = way.video_link
    if not link and practitioner and kind and kind.setting == AppointmentType.Setting.TELEHEALTH:
        link = practitioner.room_link
    return {
        "travel_before": way.travel_before,
        "travel_after": way.travel_after,
        "video_link": link,
    }


def _link_with(appointment: Appointment, practitioner: Practitioner | None) -> str:
    """Answer the link with another clinician: whose room it was is not whose room it will be."""
    before = appointment.practitioner
    if before and practitioner and appointment.video_link == before.room_link:
        return practitioner.room_link
    return appointment.video_link


def as_read_at(appointment: Appointment, seen: str) -> Appointment:
    """Set back when the row was last changed to what the person saw (ISO 8601), for the swap."""
    try:
        appointment.changed_at = datetime.fromisoformat(seen)
    except ValueError:
        raise AppointmentChangedError("The form is incomplete. Open it again.") from None
    return appointment


@transaction.atomic
def change_appointment(
    appointment: Appointment,
    *,
    actor: User,
    at: datetime,
    starts_at: datetime,
    minutes: int,
    patient: Patient | None,
    practitioner: Practitioner | None,
    location: Location | None,
    appointment_type: AppointmentType | None,
    notes: str,
    may_clash: bool = False,
    way: Way | None = None,
) -> Appointment:
    """Move an appointment or change what is booked; a group session takes its attendees along.

    Without a `way` it stays. Raises SlotTakenError unless `may_clash`, GroupError,
    AppointmentChangedError when the row is no longer as `appointment` was read.
    """
    require(actor, Action.CHANGE, Resource.APPOINTMENTS)
    seats = appointment_type.max_attendees if appointment_type else 1
    groups.check_fits(appointment, patient=patient, seats=seats)
    shared: dict[str, Any] = {
        "practitioner": practitioner,
        "location": location,
        "appointment_type": appointment_type,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=minutes),
    }
    columns: dict[str, Any] = {
        **shared, "patient": patient, "notes": notes.strip(), "seats": seats
    }  # fmt: skip
    if appointment.appointment_type != appointment_type:
        columns |= _needs_of(appointment_type)
    if way is not None:
        columns |= _columns_of(way, appointment_type, practitioner)
    else:
        columns["video_link"] = _link_with(appointment, practitioner)
    wanted = copy(appointment)
    for name, value in columns.items():
        setattr(wanted, name, value)
    check_span(wanted)
    check_free([wanted], may_clash=may_clash)
    columns["is_exclusive"] = is_exclusive(practitioner, appointment.status)
    with kept_apart(wanted):
        swap(appointment, at=at, **columns)
    if appointment.is_group:
        write_attendees(appointment, at=at, **shared, video_link=appointment.video_link)
    return appointment


@transaction.atomic
def move_appointment(
    appointment: Appointment,
    *,
    actor: User,
    at: datetime,
    starts_at: datetime,
    ends_at: datetime,
    practitioner: Practitioner | None,
    may_clash: bool = False,
    following: bool = False,
) -> Appointment:
    """Put an appointment at another time, of another length or with another clinician.

    `following`: the later ones of its series that are still to come go with it, by as many days, to
    the same time of day. A group session takes its attendees along.

    Raises SlotTakenError unless `may_clash`, AppointmentChangedError when the row is no longer as
    `appointment` was read, StatusError for a visit that is over, GroupError for a place in a session.
    """
    require(actor, Action.CHANGE, Resource.APPOINTMENTS)
    if appointment.group_id is not None:
        raise GroupError("This place belongs to a group session: move the session itself.")
    if appointment.status in STAYS_WHERE_IT_IS:
        label = LOOKS[appointment.status].label.lower()
        raise StatusError(f"A visit that is {label} stays where it is. Take its status back first.")
    moving = [(appointment, starts_at)]
    if following:
        moving += _shifted(appointment, starts_at)
    wanted = [
        _moved(item, start, start + (ends_at - starts_at), practitioner) for item, start in moving
    ]
    check_span(wanted[0])
    check_free([one for one in wanted if one.status not in TAKES_NO_TIME], may_clash=may_clash)
    if len(moving) > 1:  # they may change places among themselves
        Appointment.objects.filter(pk__in=[one.pk for one in wanted]).update(is_exclusive=False)
    for (item, _), one in zip(moving, wanted, strict=True):
        shared = {
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
            "practitioner": practitioner,
            "video_link": one.video_link,
        }
        exclusive = is_exclusive(practitioner, item.status)
        with kept_apart(one):
            swap(item, at=at, **shared, is_exclusive=exclusive)
        if item.is_group:
            write_attendees(item, at=at, **shared)
    return appointment


def _moved(
    item: Appointment, starts_at: datetime, ends_at: datetime, practitioner: Practitioner | None
) -> Appointment:
    wanted = copy(item)
    wanted.video_link = _link_with(item, practitioner)
    wanted.starts_at, wanted.ends_at, wanted.practitioner = starts_at, ends_at, practitioner
    return wanted


def _shifted(first: Appointment, starts_at: datetime) -> list[tuple[Appointment, datetime]]:
    """Answer the later ones of the series with where they go: the same days on, the same clock."""
    zone = zone_of(first.location)
    before, after = first.starts_at.astimezone(zone), starts_at.astimezone(zone)
    days = after.date() - before.date()
    return [
        (
            item,
            moment_at(item.starts_at.astimezone(zone).date() + days, after.time(), zone),
        )
        for item in following_in_series(first)
    ]


@transaction.atomic
def change_status(
    appointment: Appointment,
    *,
    actor: User,
    at: datetime,
    status: str,
    reason: str = "",
    following: bool = False,
) -> Appointment:
    """Take an appointment a step further, or back; a reason is kept with a cancellation.

    `following`: a cancellation is of the later ones of its series too. A group session's step is its
    attendees' too, where they have come so far.
    """
    require(actor, Action.CHANGE, Resource.APPOINTMENTS)
    if following and status in TAKES_NO_TIME:
        for later in following_in_series(appointment):
            if status in steps_from(later):
                _set_status(later, at=at, status=status, reason=reason)
    return _set_status(appointment, at=at, status=status, reason=reason)


@transaction.atomic
def confirm_for_patient(appointment: Appointment, *, at: datetime) -> Appointment:
    """Confirm a visit because its patient said so; the scope's actor tells how they did.

    Raises StatusError where the visit has come further, or was called off.
    """
    return _set_status(appointment, at=at, status=Appointment.Status.CONFIRMED, reason="")


def _set_status(appointment: Appointment, *, at: datetime, status: str, reason: str) -> Appointment:
    if status not in steps_from(appointment):
        if appointment.is_group and status in LOOKS:
            raise StatusError(
                "This is a group session: open it to say who arrived, confirmed or did not attend."
            )
        now, wanted = LOOKS[appointment.status].label, LOOKS.get(status)
        raise StatusError(
            f"An appointment that is “{now}” cannot become “{wanted.label if wanted else status}”."
        )
    comes_back = appointment.status in TAKES_NO_TIME and status not in TAKES_NO_TIME
    if appointment.group_id is not None and comes_back:
        groups.check_seat(groups.hold_seats(Appointment(pk=appointment.group_id)))
    was = copy(appointment)
    exclusive = appointment.group_id is None and is_exclusive(appointment.practitioner, status)
    with kept_apart(appointment):
        swap(
            appointment,
            at=at,
            status=status,
            cancel_reason=reason.strip(),
            status_times={**appointment.status_times, status: at.isoformat()},
            is_exclusive=exclusive,
        )
    if appointment.is_group:
        groups.carry_status(appointment, was=was, at=at, reason=reason.strip())
    return appointment
