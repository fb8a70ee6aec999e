"""The nightly look at all patients."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from celery import shared_task
from django.utils import timezone

from clinical.decision_support.evaluating import refresh_prompts
from clinical.decision_support.models import Rule
from clinical.patients.models import Patient
from tenants.tasks import active_clinics, tenant_task

if TYPE_CHECKING:
    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)

BATCH = 2000


@tenant_task(name="decision_support.refresh", long=True)
def refresh(task: TenantTask) -> None:
    """Bring the reminders of all patients in line with the rules, in short transactions."""
    with task.scope():
        rules = list(Rule.objects.filter(is_active=True))
        ids = list(Patient.objects.filter(is_archived=False).values_list("pk", flat=True))
    if not rules:
        return
    zone = ZoneInfo(task.tenant.time_zone)
    for start in range(0, len(ids), BATCH):
        with task.scope():
            refresh_prompts(ids[start : start + BATCH], now=timezone.now(), zone=zone)


@shared_task(name="decision_support.refresh_everywhere")
def refresh_everywhere() -> None:
    """Have every open clinic looked at."""
    for tenant in active_clinics():
        refresh.delay_for(tenant.pk)
