"""What an operator may do to a clinic from outside."""

from __future__ import annotations

from django.db import transaction

from audit.services import record
from tenants.models import Tenant


class TenantStateError(ValueError):
    """The clinic is not in a state from which this can be done."""


@transaction.atomic
def suspend_tenant(tenant_id: int) -> Tenant:
    """Close a clinic to its people; they see why instead of the log-in page."""
    return _change(tenant_id, Tenant.State.ACTIVE, Tenant.State.SUSPENDED, "suspend")


@transaction.atomic
def reactivate_tenant(tenant_id: int) -> Tenant:
    return _change(tenant_id, Tenant.State.SUSPENDED, Tenant.State.ACTIVE, "reactivate")


def _change(tenant_id: int, before: str, after: str, action: str) -> Tenant:
    tenant: Tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
    if tenant.state != before:
        raise TenantStateError(f"{tenant.name} is {tenant.get_state_display().lower()} already.")
    tenant.state = after
    tenant.save(update_fields=["state"])
    record(action, object_type="tenants_tenant", object_id=str(tenant.pk))
    return tenant
