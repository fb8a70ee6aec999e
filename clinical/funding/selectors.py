"""Questions about NDIS plans: which one runs, how long still, what its money is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Case, F, Q, Value, When
from django.shortcuts import get_object_or_404

from clinical.funding.models import NdisPlan, PlanBudget
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.patients.models import Patient

SOON_DAYS = 60
"""A plan review takes weeks: from here on its end is near."""
NEARLY_USED_UP = 10
"""With less than this part of a budget left its figure is marked."""


@dataclass(frozen=True)
class Use:
    """What this clinic takes of one budget: each visit stands in one of the three only."""

    booked_cents: int = 0
    invoiced_cents: int = 0
    """Issued and not paid yet."""
    paid_cents: int = 0

    @property
    def cents(self) -> int:
        return self.booked_cents + self.invoiced_cents + self.paid_cents

    def __add__(self, other: Use) -> Use:
        return Use(
            self.booked_cents + other.booked_cents,
            self.invoiced_cents + other.invoiced_cents,
            self.paid_cents + other.paid_cents,
        )


@dataclass(frozen=True)
class Line:
    """A budget with what was booked, invoiced and paid of it here; None: nothing counts that yet."""

    budget: PlanBudget
    use: Use | None
    is_in_plan: bool = True
    """False: something was booked or invoiced, and the plan has no such category."""

    @property
    def planned_cents(self) -> int:
        """What this clinic may use: what was agreed, else all of it."""
        agreed = self.budget.agreed_cents
        return self.budget.amount_cents if agreed is None else agreed

    @property
    def spent_cents(self) -> int | None:
        return None if self.use is None else self.use.cents

    @property
    def left_cents(self) -> int | None:
        return None if self.use is None else self.planned_cents - self.use.cents

    @property
    def tone(self) -> str:
        left = self.left_cents
        if not self.spent_cents or left is None or left > self.planned_cents // NEARLY_USED_UP:
            return ""
        return "danger" if left < 0 else "warning"


if TYPE_CHECKING:
    Uses = Mapping[UUID, Mapping[str, Use]]
    """Plan → category → what is used of it."""

_spent: list[Callable[[Sequence[NdisPlan]], Uses]] = []


def count_spending(source: Callable[[Sequence[NdisPlan]], Uses]) -> None:
    """Register who knows what was booked and invoiced: `source(plans of one patient)`.

    Billing registers itself from its `ready()`; until then the pages say that nothing is counted.
    """
    if source not in _spent:
        _spent.append(source)


def is_spending_counted() -> bool:
    return bool(_spent)


def lines_of(plan: NdisPlan) -> list[Line]:
    return lines_by_plan([plan])[plan.pk]


def lines_by_plan(plans: Sequence[NdisPlan]) -> dict[UUID, list[Line]]:
    """Answer the budgets of each of one patient's plans, with what is used of them."""
    uses: dict[UUID, dict[str, Use]] = {plan.pk: {} for plan in plans}
    for source in _spent if plans else ():
        for plan_id, by_category in source(plans).items():
            used = uses[plan_id]
            for category, use in by_category.items():
                used[category] = used.get(category, Use()) + use
    return {plan.pk: _lines(plan, uses[plan.pk]) for plan in plans}


def _lines(plan: NdisPlan, used: dict[str, Use]) -> list[Line]:
    budgets = list(plan.budgets.all())
    known = {budget.category for budget in budgets}
    nothing = Use() if _spent else None
    return [
        *(Line(budget, used.get(budget.category, nothing)) for budget in budgets),
        *(
            Line(PlanBudget(plan=plan, category=category, amount_cents=0), use, is_in_plan=False)
            for category, use in sorted(used.items())
            if category not in known and use.cents
        ),
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
