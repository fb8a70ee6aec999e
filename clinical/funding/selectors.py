"""Questions about NDIS plans: which one runs, how long still, what its money is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Case, F, Q, Value, When
from django.shortcuts import get_object_or_404

from clinical.funding.models import NdisPlan
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.funding.models import PlanBudget
    from clinical.patients.models import Patient

SOON_DAYS = 60
"""A plan review takes weeks: from here on its end is near."""


@dataclass(frozen=True)
class Line:
    """A budget with what was booked and invoiced against it here; None: nothing counts that yet."""

    budget: PlanBudget
    spent_cents: int | None

    @property
    def planned_cents(self) -> int:
        """What this clinic may use: what was agreed, else all of it."""
        agreed = self.budget.agreed_cents
        return self.budget.amount_cents if agreed is None else agreed

    @property
    def left_cents(self) -> int | None:
        return None if self.spent_cents is None else self.planned_cents - self.spent_cents


_spent: list[Callable[[NdisPlan], dict[str, int]]] = []


def count_spending(source: Callable[[NdisPlan], dict[str, int]]) -> None:
    """Register who knows what was invoiced: `source(plan)` answers cents by category.

    Billing registers itself from its `ready()`; until then the pages say that nothing is counted.
    """
    _spent.append(source)


def is_spending_counted() -> bool:
    return bool(_spent)


def lines_of(plan: NdisPlan) -> list[Line]:
    spent: dict[str, int] = {}
    for source in _spent:
        for category, cents in source(plan).items():
            spent[category] = spent.get(category, 0) + cents
    return [
        Line(budget, spent.get(budget.category, 0) if _spent else None)
        for budget in plan.budgets.all()
    ]


def get_plan(actor: User, pk: UUID) -> NdisPlan:
    """Answer a plan of a patient whom the actor may see; raises Http404."""
    plans = NdisPlan.objects.filter(patient__in=visible_patients(actor))
    related = ("patient", "patient__location", "patient__funding_type", "plan_manager", "document")
    return get_object_or_404(plans.select_related(*related), pk=pk)


def plans_of(actor: User, patient: Patient) -> Sequence[NdisPlan]:
    """Answer all plans of a patient, the newest first, with their budgets."""
    plans = NdisPlan.objects.filter(patient=patient, patient__in=visible_patients(actor))
    return list(plans.select_related("plan_manager", "document").prefetch_related("budgets"))


def current_first(plans: QuerySet[NdisPlan], today: date) -> QuerySet[NdisPlan]:
    """Order so that the plan that runs stands first, then the next, then the one that ended last."""
    runs = Q(starts_on__lte=today, ends_on__gte=today)
    rank = Case(
        When(runs, then=Value(0)), When(starts_on__gt=today, then=Value(1)), default=Value(2)
    )
    return plans.annotate(rank=rank).order_by(
        "rank",
        Case(When(starts_on__gt=today, then=F("starts_on"))).asc(nulls_last=True),
        "-ends_on",
        "-id",
    )


def current_of(patient: Patient, today: date) -> NdisPlan | None:
    """Answer the plan that runs, else the next, else the one that ended last."""
    plans = NdisPlan.objects.filter(patient=patient).select_related("plan_manager")
    return current_first(plans, today).first()


def clashing(plan: NdisPlan) -> NdisPlan | None:
    """Answer another plan of the patient in the same days: plans follow each other."""
    others = NdisPlan.objects.filter(patient=plan.patient_id).exclude(pk=plan.pk)
    return others.filter(starts_on__lte=plan.ends_on, ends_on__gte=plan.starts_on).first()
