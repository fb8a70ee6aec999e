"""Whose data the running code may touch. A scope is a transaction.

`tenant_scope(clinic)` sets an immutable context variable and opens a transaction; before the first
statement of that transaction the database backend sends one `set_config(…, is_local => true)` that
names the schema and the tenant. When the transaction ends, PostgreSQL itself forgets both, so nothing
is left on the connection for whoever gets it next.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction

from tenants import clusters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.utils import CursorWrapper

    from tenants.models import Tenant

PUBLIC_SCHEMA = "public"
EXTENSIONS_SCHEMA = "ext"


class ScopeError(RuntimeError):
    """The code and the database disagree about whose data this is."""


class NoTenantError(ScopeError):
    """A query ran outside every scope."""


class TenantMismatchError(ScopeError):
    """A transaction that belongs to one clinic was asked to serve another."""


@dataclass(frozen=True)
class Actor:
    """Who acts, as the audit trail records it."""

    id: str = ""
    label: str = ""
    impersonator: str = ""
    request_id: str = ""
    reach: str = ""
    """`all` where the person's permission to see patients is unlimited; else the database looks itself."""
    address: str = ""
    hand: str = ""
    """What a visitor from the platform may do here: `reads`, `changes` or `sends`; empty: no visitor."""


NOBODY = Actor(label="system")


@dataclass(frozen=True)
class Scope:
    """One schema, one tenant id (0 is the platform itself), one connection alias, one actor."""

    schema: str
    tenant_id: int
    alias: str = "default"
    label: str = ""
    actor: Actor = NOBODY
    name: str = ""
    """The clinic's, as its patients know it."""
    time_zone: str = ""
    plan: str = ""
    """What it has subscribed to; its limits are `onboarding.subscription`'s to know."""
    cluster: str = ""
    """The database the schema stands in; empty: the platform's own."""
    is_sandbox: bool = False
    """Whether the people in it are invented, and nothing may be sent from it."""

    @property
    def is_clinic(self) -> bool:
        return self.tenant_id != 0

    @property
    def key(self) -> str:
        """The prefix of everything outside the database that belongs to this scope."""
        return f"t{self.tenant_id}"


_scope: ContextVar[Scope | None] = ContextVar("nexus_scope", default=None)


def active_scope() -> Scope | None:
    """Answer the scope of the running code, or None."""
    return _scope.get()


def current_scope() -> Scope:
    """Answer the scope of the running code; raises NoTenantError without one."""
    scope = _scope.get()
    if scope is None:
        raise NoTenantError(
            "No clinic is in scope here. Wrap the code in tenant_scope(clinic) or public_scope()."
        )
    return scope


def schema_of(tenant_id: int) -> str:
    """Name a clinic's schema: by its immutable id, never by its renameable subdomain."""
    return f"c_{tenant_id}"


@contextmanager
def entered(scope: Scope) -> Iterator[Scope]:
    """Run the block in one transaction of `scope`.

    Inside a scope of the same tenant and alias this is a savepoint; inside another's it is refused,
    because a transaction belongs to one clinic.
    """
    outer = _scope.get()
    with clusters.connected(scope.alias, scope.cluster) as connection:
        same = (scope.alias, scope.cluster)
        nested = (
            outer is not None
            and (outer.alias, outer.cluster) == same
            and connection.in_atomic_block
        )
        with _entered(scope, outer, connection, nested=nested) as opened:
            yield opened


@contextmanager
def _entered(
    scope: Scope, outer: Scope | None, connection: Any, *, nested: bool
) -> Iterator[Scope]:
    if nested and outer is not None and outer.tenant_id != scope.tenant_id:
        raise TenantMismatchError(
            f"This transaction belongs to {outer.label or outer.schema}; "
            f"{scope.label or scope.schema} needs one of its own."
        )
    token = _scope.set(scope)
    stamps = connection.begin_scope(nested=nested)
    try:
        with transaction.atomic(using=scope.alias, durable=not nested):
            yield scope
    finally:
        _scope.reset(token)
        connection.end_scope(stamps)


@contextmanager
def tenant_scope(
    tenant: Tenant | Scope, *, using: str = "default", actor: Actor | None = None
) -> Iterator[Scope]:
    """Open a transaction in a clinic's schema."""
    scope = scope_of(tenant, using=using)
    outer = _scope.get()
    if actor is None and outer is not None and outer.tenant_id == scope.tenant_id:
        actor = outer.actor
    with entered(replace(scope, actor=actor or scope.actor)) as opened:
        yield opened


@contextmanager
def public_scope(*, using: str = "default", actor: Actor = NOBODY) -> Iterator[Scope]:
    """Open a transaction over the shared tables, with the rights of the role behind `using`."""
    with entered(Scope(PUBLIC_SCHEMA, 0, using, "platform", actor)) as opened:
        yield opened


def platform_scope(*, actor: Actor = NOBODY):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Open a transaction over the shared tables as the operators' role."""
    return public_scope(using="platform", actor=actor)


def scope_of(tenant: Tenant | Scope, *, using: str = "default") -> Scope:
    if isinstance(tenant, Scope):
        return replace(tenant, alias=using)
    return Scope(
        tenant.schema_name, tenant.pk, using, tenant.subdomain,
        name=tenant.name, time_zone=tenant.time_zone, plan=tenant.plan, cluster=tenant.cluster,
        is_sandbox=tenant.sandbox_of_id is not None,
    )  # fmt: skip


def scope_of_id(tenant_id: int, *, using: str = "default") -> Scope:
    """Answer the scope of a clinic of which only the number is known, wherever its schema stands."""
    scope = Scope(schema_of(tenant_id), tenant_id, using, f"clinic {tenant_id}")
    if not clusters.names():
        return scope
    with public_scope(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT cluster FROM tenants_tenant WHERE id = %s", [tenant_id])
        found = cursor.fetchone()
    return replace(scope, cluster=found[0] if found else "")


@contextmanager
def shared_rows() -> Iterator[CursorWrapper]:
    """Hand out a cursor on the shared tables to the clinic in scope; they are named in full: `public.…`.

    It sees its own rows only. In the platform's database this is the running transaction; for a clinic
    that stands in another one it is one of its own, kept when the block ends.
    """
    scope = current_scope()
    if not scope.cluster:
        with connections[scope.alias].cursor() as cursor:
            yield cursor
        return
    with entered(replace(scope, cluster="")), connections[scope.alias].cursor() as cursor:
        yield cursor


def act_as(actor: Actor) -> None:
    """Name the actor for the rest of the running scope; the next statement carries the new stamp."""
    scope = replace(current_scope(), actor=actor)
    _scope.set(scope)
