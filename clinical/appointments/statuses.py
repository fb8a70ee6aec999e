"""What becomes of an appointment, step by step, and how each state is shown."""

from __future__ import annotations

from dataclasses import dataclass

from clinical.appointments.models import Appointment

Status = Appointment.Status

TAKES_NO_TIME = frozenset({Status.CANCELLED, Status.LATE_CANCELLATION, Status.DID_NOT_ATTEND})
"""In these the span is free for somebody else."""

STILL_TO_COME = frozenset({Status.BOOKED, Status.CONFIRMED})
"""Nobody has come yet, and nobody has said that they will not."""

STAYS_WHERE_IT_IS = frozenset({Status.IN_SESSION, Status.COMPLETED})
"""What took place is not dragged elsewhere by a slip of the mouse."""

ASKS_WHY = frozenset({Status.CANCELLED, Status.LATE_CANCELLATION})
"""A reason is asked for and kept with these."""

NEXT: dict[str, tuple[str, ...]] = {
    Status.BOOKED: (
        Status.ARRIVED,
        Status.CONFIRMED,
        Status.DID_NOT_ATTEND,
        Status.LATE_CANCELLATION,
        Status.CANCELLED,
    ),
    Status.CONFIRMED: (
        Status.ARRIVED,
        Status.DID_NOT_ATTEND,
        Status.LATE_CANCELLATION,
        Status.CANCELLED,
        Status.BOOKED,
    ),
    Status.ARRIVED: (Status.IN_SESSION, Status.COMPLETED, Status.CANCELLED, Status.BOOKED),
    Status.IN_SESSION: (Status.COMPLETED, Status.ARRIVED),
    Status.COMPLETED: (Status.ARRIVED,),
    Status.DID_NOT_ATTEND: (Status.BOOKED, Status.ARRIVED),
    Status.LATE_CANCELLATION: (Status.BOOKED, Status.CANCELLED),
    Status.CANCELLED: (Status.BOOKED, Status.LATE_CANCELLATION),
}
"""Status → the ones it may change to; the likeliest stands first, and ways back are there."""

NEXT_OF_SESSION: dict[str, tuple[str, ...]] = {
    Status.BOOKED: (Status.IN_SESSION, Status.COMPLETED, Status.CANCELLED),
    Status.IN_SESSION: (Status.COMPLETED, Status.BOOKED),
    Status.COMPLETED: (Status.IN_SESSION,),
    Status.CANCELLED: (Status.BOOKED,),
}
"""The same for a group session: nobody in particular arrives at it or misses it."""


def steps_from(appointment: Appointment) -> tuple[str, ...]:
    """Answer the statuses it may change to, the likeliest first."""
    if appointment.is_group:
        return NEXT_OF_SESSION.get(appointment.status, (Status.BOOKED,))
    return NEXT[appointment.status]


_WAY = (Status.BOOKED, Status.CONFIRMED, Status.ARRIVED, Status.IN_SESSION, Status.COMPLETED)


@dataclass(frozen=True)
class Look:
    """A status on screen: a word, a shape and a tone; `verb` is on the button that sets it."""

    label: str
    icon: str
    tone: str
    verb: str


LOOKS: dict[str, Look] = {
    Status.BOOKED: Look("Booked", "calendar-event", "neutral", "Book again"),
    Status.CONFIRMED: Look("Confirmed", "circle-check", "info", "Confirm"),
    Status.ARRIVED: Look("Arrived", "door-enter", "accent", "Arrive"),
    Status.IN_SESSION: Look("In session", "player-play", "warning", "Start session"),
    Status.COMPLETED: Look("Completed", "checks", "success", "Complete"),
    Status.DID_NOT_ATTEND: Look("Did not attend", "user-off", "danger", "Did not attend"),
    Status.LATE_CANCELLATION: Look("Late cancellation", "clock-x", "danger", "Late cancellation"),
    Status.CANCELLED: Look("Cancelled", "calendar-x", "neutral", "Cancel appointment"),
}


def verb_for(now: str, following: str) -> str:
    """Answer what the button says: a step forward by its verb, a step back by where it leads."""
    leads_back = following in _WAY and (
        now not in _WAY or _WAY.index(Status(following)) < _WAY.index(Status(now))
    )
    look = LOOKS[following]
    return f"Back to {look.label.lower()}" if leads_back else look.verb
