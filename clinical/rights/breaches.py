"""Data breaches: suspected, assessed within the law's days, told, closed; every step stays."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from accounts.permissions import Action, Resource
from clinical.practice.rules import require
from clinical.rights.models import Breach, BreachStep

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from accounts.models import User
    from clinical.rights.policy import Policy

WORDS = ("title", "happened", "kinds", "advice", "contained", "people_count")
FIRST = "suspected"


class BreachError(ValueError):
    """The step cannot be taken; the message is for a person."""


@transaction.atomic
def open_breach(
    *, actor: User, at: datetime, found_on: date, policy: Policy, fields: Mapping[str, Any]
) -> Breach:
    """Write a suspicion down; from the day it was found the days count."""
    require(actor, Action.CREATE, Resource.PRIVACY)
    if found_on > timezone.localdate(at):
        raise BreachError("The day it was found cannot lie ahead.")
    breach = Breach.objects.create(
        found_on=found_on,
        due_on=found_on + timedelta(days=policy.breach_days),
        recorded_by=actor.name,
        **{name: fields[name] for name in WORDS if name in fields},
    )
    BreachStep.objects.create(breach=breach, key=FIRST, on=found_on, by_name=actor.name, at=at)
    return breach


@transaction.atomic
def change_breach(breach: Breach, *, actor: User, fields: Mapping[str, Any]) -> Breach:
    """Change what is known of it, until it is closed."""
    require(actor, Action.CHANGE, Resource.PRIVACY)
    if breach.is_closed:
        raise BreachError("This breach is closed.")
    for name in WORDS:
        if name in fields:
            setattr(breach, name, fields[name])
    breach.save()
    return breach


@transaction.atomic
def take_step(
    breach: Breach,
    key: str,
    *,
    actor: User,
    at: datetime,
    on: date,
    policy: Policy,
    words: str = "",
) -> BreachStep:
    """Note a step. What must come before it in law must stand there already."""
    require(actor, Action.CHANGE, Resource.PRIVACY)
    breach = Breach.objects.select_for_update().get(pk=breach.pk)
    steps = {step.key: step for step in policy.breach_steps}
    if breach.is_closed:
        raise BreachError("This breach is closed.")
    if key not in steps or key == FIRST:
        raise BreachError("There is no such step.")
    taken = set(breach.steps.values_list("key", flat=True))
    if key in taken:
        raise BreachError(f"“{steps[key].label}” stands there already.")
    if key in {"eligible", "not_eligible"} and "assessed" not in taken:
        raise BreachError("Write down the assessment first.")
    if key in {"regulator_told", "people_told"} and "eligible" not in taken:
        raise BreachError("Decide first that it is a breach that must be told.")
    if key == "not_eligible" and "eligible" in taken:
        raise BreachError("It was decided that it must be told. Close it when that is done.")
    if key == "closed" and "eligible" in taken and not {"regulator_told", "people_told"} <= taken:
        raise BreachError("The regulator and the people must be told before it is closed.")
    if key == "closed" and not taken & {"eligible", "not_eligible"}:
        raise BreachError("Assess it and decide before it is closed.")
    if on > timezone.localdate(at) or on < breach.found_on:
        raise BreachError("The day must lie between the finding and today.")
    step = BreachStep.objects.create(
        breach=breach, key=key, on=on, words=words.strip(), by_name=actor.name, at=at
    )
    breach.state, breach.is_closed = key, steps[key].ends
    breach.save(update_fields=["state", "is_closed", "changed_at"])
    return step
