"""Moving files as background work. Delivered twice, the second finds it being done."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from celery import shared_task
from django.utils import timezone

from billing_integrations.storage import services
from tenants.tasks import in_every_clinic, tenant_task

if TYPE_CHECKING:
    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)


@tenant_task(name="clinic_storage.move_files", long=True)
def move_files(task: TenantTask, move_id: str) -> None:
    """Move a clinic's files; each in a transaction of its own."""
    services.carry_out(task.tenant, move_id)


@shared_task(name="clinic_storage.resume_everywhere")
def resume_everywhere() -> None:
    """Go on with what a worker that died has left."""
    found = in_every_clinic(
        lambda _: services.resume_lost(now=timezone.now()), what="looking at the moves of files"
    )
    for tenant, lost in found:
        for move_id in lost:
            move_files.delay_for(tenant.pk, str(move_id))
