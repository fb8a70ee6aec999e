"""Who hears of what changes in the diary: other apps listen from their `AppConfig.ready`.

Listeners run in the change's own transaction, so that what they note down cannot be lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clinical.appointments.models import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from clinical.appointments.models import Appointment

    Listener = Callable[[Sequence["Change"], datetime], None]
    StatusListener = Callable[[Appointment, datetime], None]

CALLED_OFF = frozenset({Status.CANCELLED, Status.LATE_CANCELLATION})


@dataclass(frozen=True)
class Plan:
    """What a patient would have to know of a visit: when and where it takes place."""

    starts_at: datetime
    location_id: UUID | None


@dataclass(frozen=True)
class Change:
    """A patient's visit as it is now, with the plan before; None where there was none."""

    appointment: Appointment
    before: Plan | None


_listeners: dict[str, Listener] = {}
_status_listeners: dict[str, StatusListener] = {}


def listen(key: str, listener: Listener) -> None:
    """Add a listener; the same key again replaces it. It gets changes of patients' visits only."""
    _listeners[key] = listener


def listen_for_status(key: str, listener: StatusListener) -> None:
    """Add a listener for steps of a patient's visit: it gets the visit with its new status."""
    _status_listeners[key] = listener


def plan_of(appointment: Appointment) -> Plan | None:
    """Answer when and where it takes place; None where it was called off."""
    if appointment.status in CALLED_OFF:
        return None
    return Plan(appointment.starts_at, appointment.location_id)


def announce(changes: Sequence[Change], at: datetime) -> None:
    """Tell everyone who listens what has changed of when and where visits take place."""
    told = [
        change
        for change in changes
        if change.appointment.patient_id is not None
        and change.before != plan_of(change.appointment)
    ]
    if told:
        for listener in _listeners.values():
            listener(told, at)


def announce_status(appointment: Appointment, at: datetime) -> None:
    """Tell everyone who listens that a visit has taken a step."""
    if appointment.patient_id is not None:
        for listener in _status_listeners.values():
            listener(appointment, at)
