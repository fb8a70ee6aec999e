"""Questions to the practice's own lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from clinical.practice.models import (
    AppointmentType,
    FundingType,
    Location,
    Practitioner,
    RosterHours,
)

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User


def locations_in_use(also: UUID | None = None) -> QuerySet[Location]:
    """Answer the active ones, and the one with id `also` even if it is out of use."""
    return Location.objects.filter(Q(is_active=True) | Q(pk=also))


def practitioners_in_use(also: UUID | None = None) -> QuerySet[Practitioner]:
    return Practitioner.objects.filter(Q(is_active=True) | Q(pk=also))


def appointment_types_in_use(also: UUID | None = None) -> QuerySet[AppointmentType]:
    return AppointmentType.objects.filter(Q(is_active=True) | Q(pk=also))


def funding_types_in_use(also: UUID | None = None) -> QuerySet[FundingType]:
    return FundingType.objects.filter(Q(is_active=True) | Q(pk=also))


def practitioner_of(user: User) -> Practitioner | None:
    """Answer the clinician whose account this is."""
    return Practitioner.objects.filter(user=user).first()


def roster_of(
    location: Location | None = None, practitioner: UUID | None = None
) -> QuerySet[RosterHours]:
    """Answer the weekly hours of clinicians in use, at one location or at all."""
    found = RosterHours.objects.filter(practitioner__is_active=True)
    if location is not None:
        found = found.filter(Q(location=location) | Q(location__isnull=True))
    if practitioner is not None:
        found = found.filter(practitioner_id=practitioner)
    return found
