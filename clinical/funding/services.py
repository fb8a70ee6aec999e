"""The verbs about NDIS plans.

The plans are the source of a patient's `plan_start` and `plan_end`, which lists, filters and imports go
by: every verb here, and once a day a task, sets them to the plan that runs (else the next, else the last).
A patient without a plan here keeps the dates that were typed or imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from accounts.permissions import Action, Resource
from clinical.funding.models import NdisPlan, PlanBudget
from clinical.funding.selectors import clashing, current_first, current_of
from clinical.patients.models import Patient
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from accounts.models import User

FIELDS = (
    "number",
    "starts_on",
    "ends_on",
    "management",
    "plan_manager",
    "document",
    "goals",
    "notes",
)


class PlanError(ValueError):
    """What was asked for cannot be done to this plan; the message is for a person."""


class PlanEndsBeforeItStartsError(PlanError):
    """The dates are the wrong way round."""


class PlansOverlapError(PlanError):
    """Two plans in the same days."""


class PlanChangedError(PlanError):
    """Somebody else has changed the plan since the actor read it."""


class CategoryTwiceError(PlanError):
    """A support category that stands in the plan twice."""


@transaction.atomic
def add_plan(
    patient: Patient,
    *,
    actor: User,
    fields: Mapping[str, Any],
    budgets: Sequence[Mapping[str, Any]] = (),
) -> NdisPlan:
    """Add a plan with its budgets: category, amount_cents, agreed_cents and note each."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    plan = NdisPlan(patient=patient, **_checked(fields))
    _save(plan, budgets)
    return plan


@transaction.atomic
def change_plan(
    plan: NdisPlan,
    *,
    actor: User,
    seen: datetime,
    fields: Mapping[str, Any],
    budgets: Sequence[Mapping[str, Any]],
) -> NdisPlan:
    """Change the plan and make its budgets be those given."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    if NdisPlan.objects.select_for_update().get(pk=plan.pk).changed_at != seen:
        raise PlanChangedError(
            "Somebody else has changed this plan in the meantime. Open it again and repeat your change."
        )
    for name, value in _checked(fields).items():
        setattr(plan, name, value)
    _save(plan, budgets)
    return plan


@transaction.atomic
def remove_plan(plan: NdisPlan, *, actor: User) -> None:
    """Take away a plan that was entered by mistake."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    patient = plan.patient
    plan.delete()
    keep_dates(patient, today=timezone.localdate())


def keep_dates(patient: Patient, *, today: date) -> None:
    """Set the patient's plan dates to those of the plan that runs; without one they stay."""
    plan = current_of(patient, today)
    if plan is None:
        return
    changed = Patient.objects.filter(pk=patient.pk).exclude(
        plan_start=plan.starts_on, plan_end=plan.ends_on
    )
    changed.update(plan_start=plan.starts_on, plan_end=plan.ends_on, changed_at=timezone.now())
    patient.plan_start, patient.plan_end = plan.starts_on, plan.ends_on


def keep_all_dates(*, today: date) -> int:
    """Do the same for every patient, in one statement; answers how many dates were behind."""
    plans = current_first(NdisPlan.objects.filter(patient=OuterRef("pk")), today)
    starts, ends = (Subquery(plans.values(name)[:1]) for name in ("starts_on", "ends_on"))
    behind = (
        Patient.objects.filter(ndis_plans__isnull=False)
        .annotate(right_start=starts, right_end=ends)
        .filter(
            ~Q(plan_start=Subquery(plans.values("starts_on")[:1]))
            | ~Q(plan_end=Subquery(plans.values("ends_on")[:1]))
            | Q(plan_start=None)
            | Q(plan_end=None)
        )
    )
    ids = list(behind.values_list("pk", flat=True).distinct())
    return Patient.objects.filter(pk__in=ids).update(
        plan_start=starts, plan_end=ends, changed_at=timezone.now()
    )


def _save(plan: NdisPlan, budgets: Sequence[Mapping[str, Any]]) -> None:
    if plan.ends_on < plan.starts_on:
        raise PlanEndsBeforeItStartsError("The plan ends before it starts. Check both dates.")
    other = clashing(plan)
    if other is not None:
        raise PlansOverlapError(
            f"There is a plan from {other.starts_on:%d/%m/%Y} to {other.ends_on:%d/%m/%Y} already. "
            "Plans follow each other: change its last day first."
        )
    categories = [budget["category"] for budget in budgets]
    if len(categories) != len(set(categories)):
        raise CategoryTwiceError("A support category stands here twice. Add the amounts up.")
    plan.save()
    kept = {budget.category: budget for budget in plan.budgets.all()}
    for wanted in budgets:
        budget = kept.pop(wanted["category"], None) or PlanBudget(plan=plan)
        for name, value in wanted.items():
            setattr(budget, name, value)
        budget.save()
    PlanBudget.objects.filter(pk__in=[budget.pk for budget in kept.values()]).delete()
    keep_dates(plan.patient, today=timezone.localdate())


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise TypeError(f"Not a field that people set: {', '.join(sorted(unknown))}")
    return {name: v.strip() if isinstance(v, str) else v for name, v in fields.items()}
