"""Group sessions: who attends, up to the maximum, and what the session's own steps mean for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.appointments.errors import AlreadyAttendsError, GroupError, SessionFullError
from clinical.appointments.models import Appointment, Status
from clinical.appointments.selectors import following_in_series
from clinical.appointments.statuses import LOOKS, TAKES_NO_TIME
from clinical.appointments.writing import add, check_free, swap
from clinical.practice.rules import require

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.practice.models import AppointmentType, Practitioner

_GOES_WITH: dict[str, tuple[str, ...]] = {
    Status.CANCELLED: (Status.BOOKED, Status.CONFIRMED, Status.ARRIVED),
    Status.LATE_CANCELLATION: (Status.BOOKED, Status.CONFIRMED, Status.ARRIVED),
    Status.IN_SESSION: (Status.ARRIVED,),
    Status.COMPLETED: (Status.ARRIVED, Status.IN_SESSION),
}
"""The session's new status → the attendees' statuses that follow it. Who has not come is left to be
marked by a person."""


@transaction.atomic
def add_attendee(
    session: Appointment,
    *,
    actor: User,
    at: datetime,
    patient: Patient,
    may_clash: bool = False,
    following: bool = False,
) -> Appointment:
    """Give a patient a place in a group session; `following`: in the later ones of its series too.

    Raises SessionFullError above the maximum, AlreadyAttendsError, SlotTakenError where the patient
    has something else then, unless `may_clash`.
    """
    require(actor, Action.CREATE, Resource.APPOINTMENTS)
    added = _seat(session, patient, at=at, may_clash=may_clash)
    if following:
        for later in following_in_series(session):
            if later.is_group and not _attends(later, patient):
                _seat(later, patient, at=at, may_clash=may_clash)
    return added


def _attends(session: Appointment, patient: Patient) -> bool:
    taken = Appointment.objects.filter(group=session, patient=patient)
    return taken.exclude(status__in=TAKES_NO_TIME).exists()


def _seat(session: Appointment, patient: Patient, *, at: datetime, may_clash: bool) -> Appointment:
    held = hold_seats(session)
    attendee = Appointment.objects.filter(group=held, patient=patient).first()
    if attendee is not None and attendee.status not in TAKES_NO_TIME:
        raise AlreadyAttendsError(f"{patient.full_name} attends this session already.")
    check_seat(held)
    wanted = attendee or Appointment(
        patient=patient,
        practitioner=held.practitioner,
        location=held.location,
        appointment_type=held.appointment_type,
        starts_at=held.starts_at,
        ends_at=held.ends_at,
        video_link=held.video_link,
        group=held,
    )
    check_free([wanted], may_clash=may_clash)
    if attendee is None:
        return add(wanted, at=at)
    times = {**attendee.status_times, Status.BOOKED: at.isoformat()}
    return swap(attendee, at=at, status=Status.BOOKED, cancel_reason="", status_times=times)


def hold_seats(session: Appointment) -> Appointment:
    """Lock the session's row: two who are added at once must not both get the last place."""
    held = (
        Appointment.objects.select_for_update(of=("self",))
        .select_related("practitioner", "location", "appointment_type")
        .get(pk=session.pk)
    )
    if not held.is_group:
        raise GroupError("This is no group session.")
    return held


def check_seat(session: Appointment) -> None:
    """Raise SessionFullError, or GroupError where the session does not take place."""
    if session.status in TAKES_NO_TIME:
        label = LOOKS[session.status].label.lower()
        raise GroupError(f"The session is “{label}”. Book it again first.")
    if taken_seats(session) >= session.seats:
        raise SessionFullError(session.seats)


def taken_seats(session: Appointment) -> int:
    return Appointment.objects.filter(group=session).exclude(status__in=TAKES_NO_TIME).count()


def session_at(
    kind: AppointmentType, practitioner: Practitioner | None, starts_at: datetime
) -> Appointment | None:
    """Answer the session of that kind that the clinician holds just then."""
    if practitioner is None:
        return None
    found = Appointment.objects.filter(
        appointment_type=kind, practitioner=practitioner, starts_at=starts_at, seats__gt=1
    )
    return found.exclude(status__in=TAKES_NO_TIME).first()


def check_fits(appointment: Appointment, *, patient: Patient | None, seats: int) -> None:
    """Raise GroupError where the appointment cannot become one for so many."""
    if appointment.group_id is not None:
        raise GroupError("This place belongs to a group session: change the session itself.")
    if patient is not None and seats > 1:
        raise GroupError(
            "This type is for group sessions. Book the session, then add the patient to it."
        )
    if not appointment.is_group:
        return
    hold_seats(appointment)
    taken = taken_seats(appointment)
    if taken and (patient is not None or seats < max(2, taken)):
        raise GroupError(
            f"{taken} attend this session, so it needs a type for as many. "
            "Take them out first, or choose another type."
        )


def carry_status(session: Appointment, *, was: Appointment, at: datetime, reason: str) -> None:
    """Let the attendees follow a session's step; booking it again brings back whom it took along."""
    attendees = Appointment.objects.filter(group=session).select_related("patient")
    if session.status == Status.BOOKED and was.status in TAKES_NO_TIME:
        moment = was.status_times.get(was.status)
        for attendee in attendees.filter(status=was.status):
            if attendee.status_times.get(was.status) == moment:
                swap(attendee, at=at, status=Status.BOOKED, cancel_reason="")
        return
    for attendee in attendees.filter(status__in=_GOES_WITH.get(session.status, ())):
        swap(
            attendee,
            at=at,
            status=session.status,
            cancel_reason=reason,
            status_times={**attendee.status_times, session.status: at.isoformat()},
        )
