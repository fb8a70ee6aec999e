"""Rules in use in the demo's clinics, and what they say about its made-up patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from clinical.appointments.models import Appointment
from clinical.decision_support.evaluating import refresh_prompts
from clinical.decision_support.models import Rule
from clinical.decision_support.standard import STANDARD

if TYPE_CHECKING:
    import random
    from datetime import datetime

SWITCHED_ON = ("review_due", "measure_worse", "falls", "results", "plan_ends", "lost")


def fill(_chance: random.Random, now: datetime) -> None:
    """Add the standard rules, some of them in use, and look at those who were or are to be seen."""
    if Rule.objects.exists():
        return
    rules = [
        Rule(**kept, is_active=kept["standard_key"] in SWITCHED_ON, changed_by="Nexus")
        for kept in STANDARD
    ]
    Rule.objects.bulk_create(rules)
    seen = Appointment.objects.filter(patient__isnull=False).order_by()
    ids = list(seen.values_list("patient_id", flat=True).distinct()[:400])
    in_use = [rule for rule in rules if rule.is_active]
    refresh_prompts(ids, now=now, zone=timezone.get_current_timezone(), rules=in_use)
