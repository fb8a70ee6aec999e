"""Mails to owners, and accesses whose time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery import shared_task
from django.utils import timezone

from support import telling
from support.desk.selectors import clinics_with_work
from support.selectors import overdue
from support.services import TIME, end_access
from tenants.scope import Actor, tenant_scope
from tenants.tasks import tenant_task

if TYPE_CHECKING:
    from datetime import datetime

    from tenants.models import Tenant
    from tenants.tasks import TenantTask


@tenant_task(name="support.send_letters", long=True)
def send_letters(task: TenantTask) -> None:
    """Send the owners of a clinic what they are to be told."""
    telling.send_waiting(task.tenant)


@shared_task(name="support.sweep")
def sweep() -> None:
    """Look after the clinics in which an access has run out or a mail waits; mostly there are none."""
    now = timezone.now()
    for tenant in clinics_with_work(at=now):
        close_overdue(tenant, at=now)
        telling.send_waiting(tenant)


def close_overdue(tenant: Tenant, *, at: datetime) -> int:
    """Write down that accesses have ended; they opened nothing since the moment itself."""
    with tenant_scope(tenant, actor=Actor(label="system")):
        found = overdue(at=at)
        for access in found:
            end_access(access, by=TIME, at=at)
    return len(found)
