"""The verbs of the practice's own lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.practice.limits import check_entry
from clinical.practice.models import (
    AppointmentType,
    FundingType,
    Location,
    LocationHours,
    Practitioner,
    ProviderNumber,
    RosterHours,
)
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.models import User

Entry = TypeVar("Entry", Location, Practitioner, AppointmentType, FundingType)


@transaction.atomic
def add_entry(entry: Entry, *, actor: User) -> Entry:
    """Add a location, clinician, appointment type or funding type.

    Raises ValidationError naming the fields.
    """
    require(actor, Action.CREATE, Resource.SETTINGS)
    return _saved(entry)


@transaction.atomic
def change_entry(entry: Entry, *, actor: User) -> Entry:
    """Change an entry; raises ValidationError naming the fields.

    Entries are never deleted, because the past refers to them: `is_active` takes one out of use.
    """
    require(actor, Action.CHANGE, Resource.SETTINGS)
    return _saved(entry)


@transaction.atomic
def set_hours(
    practitioner: Practitioner, hours: Sequence[RosterHours], *, actor: User
) -> Sequence[RosterHours]:
    """Make these the clinician's weekly hours; raises ValidationError."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    kept = [span.pk for span in hours]
    practitioner.roster_hours.exclude(pk__in=kept).delete()
    for span in hours:
        span.practitioner = practitioner
        span.full_clean()
        span.save()
    return hours


@transaction.atomic
def set_openings(
    location: Location, hours: Sequence[LocationHours], *, actor: User
) -> Sequence[LocationHours]:
    """Make these the hours in which the location is open; raises ValidationError."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    location.hours.exclude(pk__in=[span.pk for span in hours]).delete()
    for span in hours:
        span.location = location
        span.full_clean()
        span.save()
    return hours


@transaction.atomic
def add_former_staff(people: Sequence[tuple[str, str]], *, actor: User) -> int:
    """Add clinicians who have left, by name and discipline, for history to name; answers how many.

    Whoever is known by that name already is left alone.
    """
    require(actor, Action.CREATE, Resource.SETTINGS)
    known = {name.casefold() for name in Practitioner.objects.values_list("name", flat=True)}
    new = {name.casefold(): (name, discipline) for name, discipline in people}
    missing = [found for folded, found in new.items() if folded not in known]
    for name, discipline in missing:
        _saved(Practitioner(name=name, discipline=discipline, is_active=False))
    return len(missing)


@transaction.atomic
def set_provider_numbers(
    practitioner: Practitioner, numbers: Sequence[ProviderNumber], *, actor: User
) -> Sequence[ProviderNumber]:
    """Make these the clinician's provider numbers, one for each place; raises ValidationError."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    practitioner.provider_numbers.exclude(pk__in=[number.pk for number in numbers]).delete()
    for number in numbers:
        number.practitioner = practitioner
        number.full_clean(validate_unique=False, validate_constraints=False)
        number.save()
    return numbers


def _saved(entry: Entry) -> Entry:
    entry.full_clean()
    check_entry(entry)
    entry.save()
    return entry
