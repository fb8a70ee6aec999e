from __future__ import annotations

from celery import shared_task

from operators import looking
from tenants.models import Tenant
from tenants.scope import public_scope


@shared_task(name="operators.look_everywhere")
def look_everywhere() -> None:
    """Take all clinics' figures for the console."""
    looking.look_at_every_clinic()


@shared_task(name="operators.look_at_one")
def look_at_one(tenant_id: int) -> None:
    """Take one clinic's figures, because an operator wants to see them as they are now."""
    with public_scope(using=looking.OWNER):
        tenants = list(Tenant.objects.filter(pk=tenant_id, state__in=looking.LOOKED_AT))
    list(looking.look_at(tenants))
