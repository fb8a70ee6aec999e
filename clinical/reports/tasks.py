"""Reports as files, written in the background."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from celery import shared_task
from django.utils import timezone

from clinical.reports import writing
from tenants.tasks import in_every_clinic, tenant_task

if TYPE_CHECKING:
    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)


@tenant_task(name="reports.write", long=True)
def write(task: TenantTask, file_id: str) -> None:
    """Write one report on the practice's own clocks."""
    try:
        with timezone.override(ZoneInfo(task.tenant.time_zone)):
            writing.write_file(task.tenant, uuid.UUID(file_id), scope=task.scope)
    except Exception as error:  # noqa: BLE001 - the row keeps the reason; the log must hold no values
        log.warning("report %s stopped with %s", file_id, type(error).__name__)


@shared_task(name="reports.tidy_everywhere")
def tidy_everywhere() -> None:
    """Delete reports after their time in every clinic; one's trouble must not stop the others."""
    in_every_clinic(lambda _: writing.tidy(now=timezone.now()), what="tidying the reports")
