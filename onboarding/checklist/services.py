"""The only two things of the set-up that are written: a step is left out, or taken up again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.practice.rules import require
from onboarding.checklist.models import PutAside
from onboarding.checklist.selectors import CARD
from onboarding.checklist.steps import STEPS

if TYPE_CHECKING:
    from accounts.models import User


class NoSuchStepError(ValueError):
    """The set-up has no such step."""


@transaction.atomic
def put_aside(step: str, *, actor: User) -> None:
    """Leave a step out, or take the card off the first page; doing it twice is no error."""
    require(actor, Action.CREATE, Resource.SETTINGS)
    if step != CARD and step not in {known.key for known in STEPS}:
        raise NoSuchStepError(f"There is no step “{step}”.")
    PutAside.objects.get_or_create(step=step, defaults={"by_name": actor.name})


@transaction.atomic
def take_up(step: str, *, actor: User) -> None:
    """Have a step back on the list."""
    require(actor, Action.CREATE, Resource.SETTINGS)
    PutAside.objects.filter(step=step).delete()
