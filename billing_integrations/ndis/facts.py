"""Funds left, at the head of a record and beside a visit in the diary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone

from clinical.funding.selectors import current_of, lines_of
from clinical.patients.header import Fact
from ui.wording import money

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from accounts.models import User
    from clinical.patients.models import Patient

SHOWN = 3


def funds_left(_actor: User, patient: Patient, now: datetime) -> Iterator[Fact]:
    """Say what is left of the running plan's budgets; nothing is asked for whoever has no plan."""
    if patient.plan_start is None and patient.plan_end is None:
        return
    today = timezone.localdate(now)
    plan = current_of(patient, today)
    if plan is None or not plan.starts_on <= today <= plan.ends_on:
        return
    lines = lines_of(plan)
    if not lines:
        return
    tones = {line.tone for line in lines}
    words = [f"{line.budget.category} {money(line.left_cents)}" for line in lines]
    more = len(words) - SHOWN
    yield Fact(
        "Funds left",
        " · ".join(words[:SHOWN]),
        note=f"and {more} more" if more > 0 else "",
        tone="danger" if "danger" in tones else "warning" if "warning" in tones else "",
        url=reverse("funding:list", kwargs={"pk": patient.pk}),
        order=26,
        in_drawer=True,
    )
