"""Once a day the plan that runs may be another: the patients' plan dates follow."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from clinical.funding.services import keep_all_dates
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope

log = logging.getLogger(__name__)


@shared_task(name="funding.keep_dates_everywhere")
def keep_dates_everywhere() -> None:
    """Set the plan dates of every clinic's patients to the plan that runs today."""
    with public_scope():
        tenants = list(Tenant.objects.filter(state=Tenant.State.ACTIVE))
    for tenant in tenants:
        try:
            with tenant_scope(tenant):
                keep_all_dates(today=timezone.localdate())
        except Exception:
            log.exception("the plan dates of %s could not be kept", tenant.subdomain)
