"""Made-up NDIS plans around today for a demo clinic."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from clinical.contacts.models import Contact
from clinical.funding.models import NdisPlan, PlanBudget
from clinical.funding.services import keep_all_dates
from clinical.patients.models import Patient

if TYPE_CHECKING:
    import random
    from datetime import datetime

MOST = 40
YEAR = timedelta(days=364)


def fill(chance: random.Random, now: datetime) -> None:
    """Give participants a plan that runs, and some the one before it."""
    if NdisPlan.objects.exists():
        return
    is_participant = Q(identifiers__kind="ndis") | Q(funding_type__name__icontains="NDIS")
    patients = Patient.objects.filter(is_participant, is_archived=False).distinct()[:MOST]
    managers = list(Contact.objects.filter(kind=Contact.Kind.PLAN_MANAGER)[:3])
    plans, budgets = [], []
    for patient in patients:
        ends = (
            patient.plan_end or (now + timedelta(days=chance.choice((-9, 20, 48, 130, 260)))).date()
        )
        starts = patient.plan_start or ends - YEAR
        if starts > ends:
            starts = ends - YEAR
        management = chance.choice(("plan", "plan", "self", "agency"))
        plan = NdisPlan(
            patient=patient,
            number=f"{chance.randint(10**9, 10**10 - 1)}",
            starts_on=starts,
            ends_on=ends,
            management=management,
            plan_manager=chance.choice(managers) if managers and management == "plan" else None,
            goals="Walk to the shops and back without a rest.\nStay living at home.",
        )
        plans.append(plan)
        for category in chance.sample(("15", "01", "12", "05"), 2):
            amount = chance.randrange(300_000, 1_800_000, 5_000)
            agreed = amount // 2 if chance.random() < 0.6 else None  # noqa: PLR2004 - most
            budgets.append(
                PlanBudget(plan=plan, category=category, amount_cents=amount, agreed_cents=agreed)
            )
    NdisPlan.objects.bulk_create(plans)
    PlanBudget.objects.bulk_create(budgets)
    keep_all_dates(today=timezone.localdate(now))
