"""What cannot be done in the diary. Every message is for the person who tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clinical.appointments.models import Appointment


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


class GroupError(AppointmentError):
    """What holds for a visit of one patient does not hold for a group session, or the reverse."""


class SessionFullError(GroupError):
    """No place is left in the group session."""

    def __init__(self, seats: int) -> None:
        super().__init__(
            f"All {seats} places of this session are taken. "
            "Choose another session, or raise the maximum of its appointment type."
        )


class AlreadyAttendsError(GroupError):
    """The patient has a place in the session."""
