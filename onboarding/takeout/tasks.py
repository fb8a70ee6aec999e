"""Exports that have had their time."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from onboarding.takeout import services
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope

log = logging.getLogger(__name__)


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
