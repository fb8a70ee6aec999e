"""Which private networks a clinic's servers may stand in: none but those the operators name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from ports.addresses import NetworkPolicy
from tenants.models import Tenant
from tenants.scope import active_scope, public_scope

if TYPE_CHECKING:
    from tenants.scope import Scope


def network_policy(tenant: Tenant) -> NetworkPolicy:
    """Answer which private networks the operators let this clinic reach (NEXUS_PRIVATE_NETWORKS)."""
    allowed: dict[str, tuple[str, ...]] = settings.PRIVATE_NETWORKS
    return NetworkPolicy.allowing(*allowed.get("", ()), *allowed.get(tenant.subdomain, ()))


def policy_of_clinic(number: int) -> NetworkPolicy:
    """Answer the same for a clinic's number; inside a scope it must be that clinic's own."""
    allowed: dict[str, tuple[str, ...]] = settings.PRIVATE_NETWORKS
    if set(allowed) <= {""}:  # the same for all: nobody has to be asked which clinic it is
        return NetworkPolicy.allowing(*allowed.get("", ()))
    scope: Scope | None = active_scope()
    if scope is not None and scope.is_clinic:
        return NetworkPolicy.allowing(*allowed.get("", ()), *allowed.get(scope.label, ()))
    with public_scope():
        return network_policy(Tenant.objects.get(pk=number))
