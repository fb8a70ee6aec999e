"""What other apps have to say while a visit is being booked: a plan that ends, money that runs out.

Each app registers its own from its `AppConfig.ready`. A warning never stands in the way of booking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.permissions import may

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.practice.models import AppointmentType, Location, Practitioner

    Source = Callable[[User, "Wish", datetime], Iterable["BookingWarning"]]


@dataclass(frozen=True)
class Wish:
    """A visit, or a series of them, as it would be booked; `appointment_id` of one that is changed."""

    patient: Patient
    starts: tuple[datetime, ...]
    minutes: int
    practitioner: Practitioner | None = None
    location: Location | None = None
    appointment_type: AppointmentType | None = None
    appointment_id: UUID | None = None


@dataclass(frozen=True)
class BookingWarning:
    """One thing to know before the visit is booked, in words for the person at the desk."""

    title: str
    text: str = ""
    url: str = ""
    url_label: str = "Open"
    order: int = 50


_sources: dict[str, tuple[str, Source]] = {}


def register(key: str, source: Source, *, permission: str = "appointments.view") -> None:
    """Add a source; the same key again replaces it.

    `source(actor, wish, now)` is asked each time the form changes: a few small queries, no more.
    """
    _sources[key] = (permission, source)


def warnings_of(
    actor: User, wish: Wish | None, *, now: datetime | None = None
) -> list[BookingWarning]:
    """Answer what there is to say about the wish, the weightiest first."""
    if wish is None:
        return []
    now = now or timezone.now()
    found = [
        warning
        for permission, source in _sources.values()
        if may(actor, permission)
        for warning in source(actor, wish, now)
    ]
    return sorted(found, key=lambda warning: warning.order)
