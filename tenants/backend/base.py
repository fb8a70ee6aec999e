"""django-tenants' wrapper over django-rls' backend, with their session-wide setting replaced.

Both packages leave the tenant on the connection: search_path by `SET`, the policy's setting by
`set_config(…, false)`. Behind a pooler in transaction mode such a connection serves the next clinic
with the last one's settings. Here both are local to the transaction and sent together, before its first
statement; see docs/decisions.md for what is overridden and why.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db.backends.postgresql.introspection import DatabaseIntrospection
from django_tenants.postgresql_backend import base

from tenants.backend.schema import WalledSchemaEditor
from tenants.scope import (
    EXTENSIONS_SCHEMA,
    PUBLIC_SCHEMA,
    NoTenantError,
    Scope,
    ScopeError,
    TenantMismatchError,
    active_scope,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.backends.utils import CursorWrapper

STAMP = (
    "SELECT set_config('search_path', %s, true), set_config('rls.tenant_id', %s, true), "
    "set_config('nexus.actor', %s, true), set_config('nexus.actor_label', %s, true), "
    "set_config('nexus.impersonator', %s, true), set_config('nexus.request_id', %s, true), "
    "set_config('nexus.reach', %s, true), set_config('nexus.hand', %s, true)"
)


def search_path_of(scope: Scope) -> str:
    """Never `public` for a clinic: a missing schema must fail, not fall through to shared tables."""
    if scope.schema == PUBLIC_SCHEMA:
        return f"{PUBLIC_SCHEMA}, {EXTENSIONS_SCHEMA}"
    return f'"{scope.schema}", {EXTENSIONS_SCHEMA}'


def stamp_of(scope: Scope) -> Sequence[str]:
    return (
        search_path_of(scope),
        str(scope.tenant_id),
        scope.actor.id,
        scope.actor.label,
        scope.actor.impersonator,
        scope.actor.request_id,
        scope.actor.reach,
        scope.actor.hand,
    )


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    """A connection whose every transaction is stamped with the running scope."""

    SchemaEditorClass = WalledSchemaEditor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._stamped: Scope | None = None
        self._unguarded = 0
        super().__init__(*args, **kwargs)
        # django-tenants' introspection sets search_path for the session; ours is already right.
        self.introspection = DatabaseIntrospection(self)

    # ── the stamp ────────────────────────────────────────────────────────────────────────────────

    def _cursor(self, name: str | None = None) -> CursorWrapper:
        """Hand out a cursor only inside a stamped transaction.

        Django opens every cursor here; django-tenants' own `SET search_path` is stepped over.
        """
        cursor = super(base.DatabaseWrapper, self)._cursor(name=name)
        if not self._unguarded:
            self._stamp()
        return cursor  # type: ignore[no-any-return]

    def _stamp(self) -> None:
        scope = active_scope()
        if scope is None:
            raise NoTenantError(
                "A query ran outside every scope. "
                "Wrap it in tenant_scope(clinic) or public_scope()."
            )
        if scope.alias != self.alias:
            raise TenantMismatchError(
                f"The scope of {scope.label or scope.schema} is on connection {scope.alias!r}, "
                f"the query on {self.alias!r}."
            )
        if self._stamped == scope:
            return
        if not self.in_atomic_block:
            raise ScopeError(
                "A query ran after its scope's transaction had ended. "
                "Work that follows a commit opens a scope of its own."
            )
        if self._stamped is not None and self._stamped.tenant_id != scope.tenant_id:
            raise TenantMismatchError(
                f"The transaction belongs to {self._stamped.label}, the code to {scope.label}."
            )
        if self.needs_rollback:
            return
        self._send_stamp(stamp_of(scope))
        self._stamped = scope

    def _send_stamp(self, stamp: Sequence[str]) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(STAMP, stamp)
            answer = cursor.fetchone()
        if answer[:2] != tuple(stamp[:2]):
            raise TenantMismatchError("PostgreSQL did not take the scope of this transaction.")

    def begin_scope(self, *, nested: bool) -> Scope | None:
        """Forget the outer stamp, so that the new scope sends its own; answers what stood before."""
        before = self._stamped
        if not nested:
            self._stamped = None
        return before

    def end_scope(self, before: Scope | None) -> None:
        """Leave nothing behind: where an outer transaction goes on, take the scope out of it."""
        if before is not None:
            return
        if self._stamped is not None and self.in_atomic_block and not self.needs_rollback:
            self._send_stamp((EXTENSIONS_SCHEMA, "", "", "", "", "", "", ""))
        self._stamped = None

    # ── whatever ends a transaction or a connection ends the stamp ───────────────────────────────

    def _commit(self) -> Any:
        self._stamped = None
        return super()._commit()

    def _rollback(self) -> Any:
        self._stamped = None
        return super()._rollback()

    def _close(self) -> Any:
        self._stamped = None
        return super()._close()

    def savepoint_rollback(self, sid: str) -> None:
        super().savepoint_rollback(sid)
        if self._stamped is not None:
            # A stamp sent after the savepoint is gone with it; sending it anew costs one statement.
            scope, self._stamped = self._stamped, None
            self._send_stamp(stamp_of(scope))
            self._stamped = scope

    def connect(self) -> None:
        self._stamped = None
        # Django asks the server for its version and sets the session up: no clinic's data.
        with self._without_scope():
            super().connect()

    def check_constraints(self, table_names: Any = None) -> None:
        # `SET CONSTRAINTS`, which reads no data; test cases end with it outside every scope.
        with self._without_scope():
            super().check_constraints(table_names)

    @contextmanager
    def _without_scope(self) -> Iterator[None]:
        self._unguarded += 1
        try:
            yield
        finally:
            self._unguarded -= 1

    # ── django-tenants' and django-rls' session-wide ways are closed ─────────────────────────────

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:  # noqa: ARG002
        """Refuse: a tenant on a connection outlives its transaction."""
        if getattr(self, "schema_name", None) is None:
            # django-tenants calls this once from __init__; it only names the default.
            self.tenant, self.schema_name = tenant, tenant.schema_name
            return
        raise ScopeError("Use tenant_scope(clinic): a tenant is never set on a connection.")

    def schema_editor(self, *args: Any, **kwargs: Any) -> WalledSchemaEditor:
        return WalledSchemaEditor(self, *args, **kwargs)
