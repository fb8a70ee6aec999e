"""Whose columns a person sees at a location, and in which order: their own choice, kept for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.appointments.models import DiaryColumn
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from uuid import UUID

    from accounts.models import User
    from clinical.practice.models import Location, Practitioner

Show = DiaryColumn.Show


@dataclass(frozen=True)
class Wish:
    """How somebody wants a clinician's column."""

    practitioner: Practitioner
    show: str


@dataclass(frozen=True)
class Arrangement:
    """The columns in their order; `hidden` are those never shown that have something all the same."""

    shown: Sequence[Practitioner]
    hidden: Sequence[Practitioner]


def wishes_of(
    actor: User, location: Location | None, practitioners: Iterable[Practitioner]
) -> list[Wish]:
    """Answer a wish for each of the clinicians: those put in order first, then the others by name."""
    chosen = {
        row.practitioner_id: row
        for row in DiaryColumn.objects.filter(user=actor, location=location)
    }
    ordered = sorted(
        practitioners,
        key=lambda one: (
            chosen[one.pk].position if one.pk in chosen else len(chosen) + 1,
            one.name.casefold(),
        ),
    )
    return [
        Wish(one, chosen[one.pk].show if one.pk in chosen else Show.AUTOMATIC) for one in ordered
    ]


def arrange(
    wishes: Sequence[Wish], *, rostered: Collection[UUID], booked: Collection[UUID]
) -> Arrangement:
    """Answer whose columns are shown: automatic ones where somebody is rostered or booked."""
    shown, hidden = [], []
    for wish in wishes:
        pk = wish.practitioner.pk
        if wish.show == Show.ALWAYS or (
            wish.show == Show.AUTOMATIC and (pk in rostered or pk in booked)
        ):
            shown.append(wish.practitioner)
        elif wish.show == Show.NEVER and pk in booked:
            hidden.append(wish.practitioner)
    return Arrangement(shown, hidden)


@transaction.atomic
def set_columns(*, actor: User, location: Location | None, wishes: Sequence[Wish]) -> None:
    """Keep how the actor wants the columns of a location, or of all locations together."""
    require(actor, Action.VIEW, Resource.APPOINTMENTS)
    DiaryColumn.objects.filter(user=actor, location=location).delete()
    DiaryColumn.objects.bulk_create(
        DiaryColumn(
            user=actor,
            location=location,
            practitioner=wish.practitioner,
            show=wish.show,
            position=number,
        )
        for number, wish in enumerate(wishes)
    )
