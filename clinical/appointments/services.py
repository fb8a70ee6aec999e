"""The verbs about appointments. Who changed what is recorded by the table's own triggers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.appointments.models import Appointment
from clinical.appointments.selectors import LONGEST, clashes_with
from clinical.appointments.statuses import LOOKS, NEXT, STAYS_WHERE_IT_IS, TAKES_NO_TIME
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.practice.models import AppointmentType, Location, Practitioner


class AppointmentError(ValueError):
    """What was asked for cannot be done to this appointment; the message is for a person."""


class SpanError(AppointmentError):
    """The appointment ends before it starts, or takes longer than a day."""


class SlotTakenError(AppointmentError):
    """The clinician or the patient has something else at that time."""

    def __init__(self, clashes: Sequence[Appointment]) -> None:
        super().__init__("This time is taken. Choose another, or book it twice on purpose.")
        self.clashes = clashes


class StatusError(AppointmentError):
    """The appointment cannot change from its status to that one."""


class AppointmentChangedError(AppointmentError):
    """Somebody else has changed the appointment since the actor read it."""


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
) -> Appointment:
    """Book a span of the diary; without a patient it blocks the time.

    Raises SlotTakenError unless `may_clash`: double booking is possible, never by accident.
    """
    require(actor, Action.CREATE, Resource.APPOINTMENTS)
    appointment = Appointment(
        patient=patient,
        practitioner=practitioner,
        location=location,
        appointment_type=appointment_type,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
        notes=notes.strip(),
    )
    _check_span(appointment)
    if not may_clash:
        _check_free(appointment)
    appointment.save()
    return appointment


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
    columns = {
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
    if not may_clash:
        _check_free(wanted)
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
) -> Appointment:
    """Put an appointment at another time, of another length or with another clinician.

    Raises SlotTakenError unless `may_clash`, AppointmentChangedError when the row is no longer as
    `appointment` was read, StatusError for a visit that is over.
    """
    require(actor, Action.CHANGE, Resource.APPOINTMENTS)
    if appointment.status in STAYS_WHERE_IT_IS:
        label = LOOKS[appointment.status].label.lower()
        raise StatusError(f"A visit that is {label} stays where it is. Take its status back first.")
    columns = {"starts_at": starts_at, "ends_at": ends_at, "practitioner": practitioner}
    wanted = Appointment(pk=appointment.pk, patient=appointment.patient, **columns)
    _check_span(wanted)
    if not may_clash and appointment.status not in TAKES_NO_TIME:
        _check_free(wanted)
    return _swap(appointment, at=at, **columns)


@transaction.atomic
def change_status(
    appointment: Appointment, *, actor: User, at: datetime, status: str, reason: str = ""
) -> Appointment:
    """Take an appointment a step further, or back; a reason is kept with a cancellation."""
    require(actor, Action.CHANGE, Resource.APPOINTMENTS)
    if status not in NEXT[appointment.status]:
        now, wanted = LOOKS[appointment.status].label, LOOKS.get(status)
        raise StatusError(
            f"An appointment that is “{now}” cannot become “{wanted.label if wanted else status}”."
        )
    return _swap(appointment, at=at, status=status, cancel_reason=reason.strip())


def _check_span(appointment: Appointment) -> None:
    length = appointment.ends_at - appointment.starts_at
    if not timedelta() < length <= LONGEST:
        raise SpanError("An appointment takes at least a minute and at most a day.")


def _check_free(appointment: Appointment) -> None:
    clashes = clashes_with(appointment)
    if clashes:
        raise SlotTakenError(clashes)


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
