"""Whose trail: a clinic's, or the platform's own in `public`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tenants.models import Tenant
from tenants.scope import Actor, Scope, entered, public_scope, scope_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

SYSTEM = Actor(label="system")


@dataclass(frozen=True)
class Trail:
    """One audit trail, and the scope in which it can be read and sealed."""

    scope: Scope

    @property
    def tenant_id(self) -> int:
        return self.scope.tenant_id

    @property
    def label(self) -> str:
        return self.scope.label

    def open(self) -> AbstractContextManager[Scope]:
        """Open one short transaction of the trail's scope."""
        return entered(self.scope)


def trail_of(tenant: Tenant, *, actor: Actor = SYSTEM) -> Trail:
    return Trail(replace(scope_of(tenant), actor=actor))


def platform_trail() -> Trail:
    """The operators' and the platform's own trail, read by the operators' role."""
    return Trail(Scope("public", 0, "platform", "platform", SYSTEM))


def trail_named(subdomain: str) -> Trail:
    """Find a clinic's trail; raises Tenant.DoesNotExist."""
    with public_scope():
        return trail_of(Tenant.objects.get(subdomain=subdomain))


def all_trails() -> Iterator[Trail]:
    """Every clinic that has a schema, and the platform."""
    with public_scope():
        tenants = list(
            Tenant.objects.exclude(
                state__in=[Tenant.State.CREATING, Tenant.State.DELETED]
            ).order_by("pk")
        )
    yield platform_trail()
    yield from map(trail_of, tenants)
