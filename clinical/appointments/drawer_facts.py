"""What other apps have to say beside an appointment in the diary: sessions left, what is owed.

Each app registers its own from its `AppConfig.ready`. What concerns the patient whatever the visit is
registered with `clinical.patients.header`, and comes along.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.permissions import may
from clinical.patients.header import Header, drawer_items, sorted_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from accounts.models import User
    from clinical.appointments.models import Appointment
    from clinical.patients.header import Banner, Fact

    Source = Callable[[User, Appointment, datetime], Iterable[Fact | Banner]]

    ActionSource = Callable[[User, Appointment], Iterable["VisitAction"]]


@dataclass(frozen=True)
class VisitAction:
    """A button beside an appointment that posts to another app's page, such as “Invoice”."""

    label: str
    icon: str
    url: str


_sources: dict[str, tuple[str, Source]] = {}
_actions: dict[str, tuple[str, ActionSource]] = {}


def register(key: str, source: Source, *, permission: str = "appointments.view") -> None:
    """Add a source; the same key again replaces it. It is asked for visits with a patient only.

    `source(actor, appointment, now)` answers facts and banners at the cost of one small query.
    """
    _sources[key] = (permission, source)


def drawer_facts_of(
    actor: User, appointment: Appointment, *, now: datetime | None = None
) -> Header:
    """Answer what is to be seen beside the appointment: of the visit, and of its patient."""
    if appointment.patient is None:
        return Header()
    now = now or timezone.now()
    own = [
        item
        for permission, source in _sources.values()
        if may(actor, permission)
        for item in source(actor, appointment, now)
    ]
    return sorted_header(chain(own, drawer_items(actor, appointment.patient, now)))


def register_action(key: str, source: ActionSource, *, permission: str) -> None:
    """Add a source of buttons; the same key again replaces it. It costs one small query at most."""
    _actions[key] = (permission, source)


def drawer_actions_of(actor: User, appointment: Appointment) -> list[VisitAction]:
    """Answer what other apps let the person do with the visit of a patient."""
    if appointment.patient is None:
        return []
    return [
        action
        for permission, source in _actions.values()
        if may(actor, permission)
        for action in source(actor, appointment)
    ]
