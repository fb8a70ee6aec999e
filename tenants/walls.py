"""What stands around every table of a clinic: one column, one check, one forced policy, one audit hook.

The policy's text stands here and nowhere else. The sub-select is evaluated once per statement instead
of once per row, and `current_setting` without its second argument raises where no scope was ever made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_rls.policies import TenantPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Ask = Callable[[str, tuple[str, ...]], list[tuple[str, ...]]]

APP, OWNER, PLATFORM, SEARCH, BACKUP = (
    "nexus_app",
    "nexus_owner",
    "nexus_platform",
    "nexus_search",
    "nexus_backup",
)
POLICY_NAME = "tenant_wall"
POLICY_EXPRESSION = "tenant_id = (SELECT current_setting('rls.tenant_id')::int)"

_table_hooks: list[Callable[[str, int], Iterable[str]]] = []
_schema_hooks: list[Callable[[Ask, str], Iterable[str]]] = []


class WallPolicy(TenantPolicy):  # type: ignore[misc]
    """django-rls' tenant policy with an expression that fails loudly and can be proved."""

    def __init__(self) -> None:
        super().__init__(POLICY_NAME, "tenant", roles=f"{APP}, {OWNER}")

    def get_sql_expression(self) -> str:
        return POLICY_EXPRESSION


def on_new_table(hook: Callable[[str, int], Iterable[str]]) -> Callable[[str, int], Iterable[str]]:
    """Register SQL that every new table of a clinic gets: `hook(table, tenant_id)` answers statements.

    The audit app hangs its triggers in here.
    """
    _table_hooks.append(hook)
    return hook


def hook_statements(table: str, tenant_id: int) -> list[str]:
    return [statement for hook in _table_hooks for statement in hook(table, tenant_id)]


def on_finished_schema(hook: Callable[[Ask, str], Iterable[str]]) -> None:
    """Register SQL that a clinic's schema gets after its migrations: `hook(ask, schema)`.

    `ask(query, params)` reads the catalogue, so that the wall can follow from what the tables are. The
    statements are recorded and replayed for the other clinics as the migrations are.
    """
    _schema_hooks.append(hook)


def hook_modules() -> set[str]:
    """Name the modules that write SQL of their own into every schema."""
    return {hook.__module__ for hook in (*_table_hooks, *_schema_hooks)}


def finishing_statements(ask: Ask, schema: str) -> list[str]:
    return [statement for hook in _schema_hooks for statement in hook(ask, schema)]


def column_sql(tenant_id: int) -> str:
    """Define the column. Its check stops even a superuser and a restore into the wrong clinic."""
    return (
        f'"tenant_id" integer NOT NULL DEFAULT {tenant_id} '
        f'CONSTRAINT "tenant_wall" CHECK ("tenant_id" = {tenant_id})'
    )


def wall_statements(table: str) -> list[str]:
    """Answer the statements that put the forced policy on a table made by hand-written SQL."""
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'CREATE POLICY {POLICY_NAME} ON "{table}" AS PERMISSIVE FOR ALL TO {APP}, {OWNER} '
        f"USING ({POLICY_EXPRESSION}) WITH CHECK ({POLICY_EXPRESSION})",
    ]


def create_schema_statements(schema: str) -> list[str]:
    """Make a clinic's empty schema and say who gets what on the tables to come."""
    default = f'ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA "{schema}" GRANT'
    return [
        f'CREATE SCHEMA "{schema}" AUTHORIZATION {OWNER}',
        f'GRANT USAGE ON SCHEMA "{schema}" TO {APP}, {SEARCH}, {BACKUP}',
        f"{default} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP}",
        # No right on sequences: they obey no policy, and tell how many rows a neighbour has. Identity
        # columns need none; a series of numbers is drawn by a definer function that checks the scope.
        f"{default} SELECT ON TABLES TO {SEARCH}, {BACKUP}",
        f"{default} SELECT ON SEQUENCES TO {BACKUP}",
    ]
