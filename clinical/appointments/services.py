"""The verbs about appointments. Who changed what is recorded by the table's own triggers."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from accounts.permissions import Action, Resource
from clinical.appointments.models import NOT_TWICE, Appointment, Status
from clinical.appointments.selectors import (
    LONGEST,
    MOST_CLASHES,
    clashes_with,
    following_in_series,
)
from clinical.appointments.statuses import LOOKS, NEXT, STAYS_WHERE_IT_IS, TAKES_NO_TIME
from clinical.practice.clock import moment_at, zone_of
from clinical.practice.rules import require
from tenants.ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo
    from uuid import UUID

    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.practice.models import AppointmentType, Location, Practitioner


class AppointmentError(ValueError):
    """What was asked for cannot be done to this appointment; the message is for a person."""


class SpanError(AppointmentError):
    """The appointment ends before it starts, or takes longer than a day."""


class SlotTakenError(AppointmentError):
    """The clinician or the patient has something else at that time.

    `is_final`: the clinician sees one patient at a time, so it cannot be booked on purpose either.
    """

    def __init__(self, clashes: Sequence[Appointment], *, is_final: bool = False) -> None:
        super().__init__(
            "This time is taken, and the clinician sees one patient at a time. Choose another."
            if is_final
            else "This time is taken. Choose another, or book it twice on purpose."
        )
        self.clashes = clashes
        self.is_final = is_final


class StatusError(AppointmentError):
    """The appointment cannot change from its status to that one."""


class AppointmentChangedError(AppointmentError):
    """Somebody else has changed the appointment since the actor read it."""


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
) -> Appointment:
    """Book a span of the diary, or a series of them; without a patient it blocks the time.

    Answers the first. Raises SlotTakenError unless `may_clash`: double booking is possible, never by
    accident, and not with a clinician who does not allow it. A series is booked whole or not at all.
    """
    require(actor, Action.CREATE, Resource.APPOINTMENTS)
    starts = [starts_at, *(repeat.after(starts_at, zone_of(location)) if repeat else ())]
    series = uuid7() if len(starts) > 1 else None
    booked = [
        Appointment(
            patient=patient,
            practitioner=practitioner,
            location=location,
            appointment_type=appointment_type,
            starts_at=start,
            ends_at=start + timedelta(minutes=minutes),
            notes=notes.strip(),
            series_id=series,
            is_exclusive=_is_exclusive(practitioner),
        )
        for start in starts
    ]
    _check_span(booked[0])
    _check_free(booked, may_clash=may_clash)
    for appointment in booked:
        with _kept_apart(appointment):
            appointment.save()
    return booked[0]


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
) -> Appointment:
    """Move an appointment or change what is booked.

    Raises SlotTakenError unless `may_clash`, AppointmentChangedError when the row is no longer as
    `appointment` was read.
    """
    require(actor, Action.CHANGE, Resource.APPOINTMENTS)
    columns: dict[str, Any] = {
        "patient": patient,
        "practitioner": practitioner,
        "location": location,
        "appointment_type": appointment_type,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=minutes),
        "notes": notes.strip(),
    }
    wanted = Appointment(pk=appointment.pk, **columns)
    _check_span(wanted)
    _check_free([wanted], may_clash=may_clash)
    columns["is_exclusive"] = _is_exclusive(practitioner, appointment.status)
    with _kept_apart(wanted):
        return _swap(appointment, at=at, **columns)


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
    the same time of day.

    Raises SlotTakenError unless `may_clash`, AppointmentChangedError when the row is no longer as
    `appointment` was read, StatusError for a visit that is over.
    """
    require(actor, Action.CHANGE, Resource.APPOINTMENTS)
    if appointment.status in STAYS_WHERE_IT_IS:
        label = LOOKS[appointment.status].label.lower()
        raise StatusError(f"A visit that is {label} stays where it is. Take its status back first.")
    moving = [(appointment, starts_at)]
    if following:
        moving += _shifted(appointment, starts_at)
    wanted = [
        Appointment(
            pk=item.pk,
            patient=item.patient,
            practitioner=practitioner,
            starts_at=start,
            ends_at=start + (ends_at - starts_at),
            status=item.status,
        )
        for item, start in moving
    ]
    _check_span(wanted[0])
    _check_free([one for one in wanted if one.status not in TAKES_NO_TIME], may_clash=may_clash)
    if len(moving) > 1:  # they may change places among themselves
        Appointment.objects.filter(pk__in=[one.pk for one in wanted]).update(is_exclusive=False)
    for (item, _), one in zip(moving, wanted, strict=True):
        with _kept_apart(one):
            _swap(
                item,
                at=at,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                practitioner=practitioner,
                is_exclusive=_is_exclusive(practitioner, item.status),
            )
    return appointment


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

    `following`: a cancellation is of the later ones of its series too.
    """
    require(actor, Action.CHANGE, Resource.APPOINTMENTS)
    if following and status in TAKES_NO_TIME:
        for later in following_in_series(appointment):
            if status in NEXT[later.status]:
                _set_status(later, at=at, status=status, reason=reason)
    return _set_status(appointment, at=at, status=status, reason=reason)


def _set_status(appointment: Appointment, *, at: datetime, status: str, reason: str) -> Appointment:
    if status not in NEXT[appointment.status]:
        now, wanted = LOOKS[appointment.status].label, LOOKS.get(status)
        raise StatusError(
            f"An appointment that is “{now}” cannot become “{wanted.label if wanted else status}”."
        )
    with _kept_apart(appointment):
        return _swap(
            appointment,
            at=at,
            status=status,
            cancel_reason=reason.strip(),
            status_times={**appointment.status_times, status: at.isoformat()},
            is_exclusive=_is_exclusive(appointment.practitioner, status),
        )


def _check_span(appointment: Appointment) -> None:
    length = appointment.ends_at - appointment.starts_at
    if not timedelta() < length <= LONGEST:
        raise SpanError("An appointment takes at least a minute and at most a day.")


def _check_free(wanted: Sequence[Appointment], *, may_clash: bool) -> None:
    """Raise SlotTakenError where something of another series stands in the way."""
    mine = {one.pk for one in wanted}
    found: dict[UUID, Appointment] = {}
    for one in wanted:
        found |= {clash.pk: clash for clash in clashes_with(one) if clash.pk not in mine}
    clashes = list(found.values())
    practitioner = wanted[0].practitioner if wanted else None
    is_final = (
        practitioner is not None
        and not practitioner.may_be_double_booked
        and any(clash.practitioner_id == practitioner.pk for clash in clashes)
    )
    if clashes and (is_final or not may_clash):
        raise SlotTakenError(clashes[:MOST_CLASHES], is_final=is_final)


def _is_exclusive(practitioner: Practitioner | None, status: str = Status.BOOKED) -> bool:
    return (
        practitioner is not None
        and not practitioner.may_be_double_booked
        and status not in TAKES_NO_TIME
    )


@contextmanager
def _kept_apart(appointment: Appointment) -> Iterator[None]:
    """Say in words what the database refused: two requests may have found the same time free."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if NOT_TWICE not in str(error):
            raise
        raise SlotTakenError(clashes_with(appointment), is_final=True) from error


def _swap(appointment: Appointment, *, at: datetime, **columns: Any) -> Appointment:
    """Write the columns if the row is still the one that was read."""
    swapped = Appointment.objects.filter(
        pk=appointment.pk, changed_at=appointment.changed_at
    ).update(**columns, changed_at=at)
    if not swapped:
        raise AppointmentChangedError(
            "Somebody else has changed this appointment in the meantime. Look at it again."
        )
    for name, value in columns.items():
        setattr(appointment, name, value)
    appointment.changed_at = at
    return appointment
