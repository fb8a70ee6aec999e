"""Exports as background work."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING

from celery import shared_task
from django.utils import timezone

from onboarding.takeout import services
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope
from tenants.tasks import tenant_task

if TYPE_CHECKING:
    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)


@tenant_task(name="takeout.write", long=True)
def write(task: TenantTask, takeout_id: str) -> None:
    """Write an export; what went wrong stands in its row, where the clinic sees it."""
    try:
        services.write_takeout(task.tenant, uuid.UUID(takeout_id), actor=task.actor)
    except Exception as error:  # noqa: BLE001 - the row keeps the reason; the log must hold no values
        log.warning("export %s stopped with %s", takeout_id, type(error).__name__)


@shared_task(name="takeout.tidy_everywhere")
def tidy_everywhere() -> None:
    """Delete exports after their time in every clinic; one's trouble must not stop the others."""
    with public_scope():
        tenants = list(
            Tenant.objects.exclude(state__in=[Tenant.State.CREATING, Tenant.State.DELETED])
        )
    for tenant in tenants:
        try:
            with tenant_scope(tenant):
                services.tidy(now=timezone.now())
        except Exception:
            log.exception("the exports of %s could not be tidied", tenant.subdomain)
