"""The audit trail's tables, walls, privileges and guards, as SQL for one schema.

The same statements run in every clinic's schema and in `public`, where they hold the platform's own
trail (tenant 0, no wall, read by the operators' role).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.functions import RECORDING, SIGNATURES, function_statements
from tenants import walls
from tenants.operations import ScopeStatements
from tenants.scope import EXTENSIONS_SCHEMA, current_scope

if TYPE_CHECKING:
    from tenants.scope import Scope

FIRST_YEAR, LAST_YEAR = 2026, 2033
"""Years for which the first migration makes partitions."""
KEPT_UNTIL = 2027
"""Years with a partition of their own; the default partition takes all others.

Few on purpose: each is six relations more in every clinic, and making one has PostgreSQL read all of
`pg_constraint`, which is 100 MB with a hundred clinics. A release of each year adds the next one by a
migration, with `DropPartitions` as the pattern."""


def _partitions(last: int) -> tuple[str, ...]:
    return (*(f"audit_event_{year}" for year in range(FIRST_YEAR, last + 1)), "audit_event_other")


PARTITIONS, _FIRST_PARTITIONS = _partitions(KEPT_UNTIL), _partitions(LAST_YEAR)
TABLES = ("audit_event", "audit_payload", "audit_queue", "audit_seal", "audit_erasure")


class CreateAuditTrail(ScopeStatements):
    """Builds the audit trail in the running scope's schema."""

    reversible = False

    def statements(self) -> list[str]:
        return trail_statements(current_scope())

    def describe(self) -> str:
        return "Create the audit trail"


def trail_statements(scope: Scope) -> list[str]:
    schema = f'"{scope.schema}"' if scope.is_clinic else scope.schema
    return [
        *_table_statements(scope),
        *_partition_statements(),
        *function_statements(f"{schema}, {EXTENSIONS_SCHEMA}, pg_temp", scope.tenant_id),
        *_guard_statements(),
        *_wall_statements(scope),
        *_privilege_statements(scope),
    ]


def _table_statements(scope: Scope) -> list[str]:
    wall = f", {walls.column_sql(scope.tenant_id)}" if scope.is_clinic else ""
    text = "text NOT NULL DEFAULT ''"
    return [
        "CREATE SEQUENCE audit_event_id_seq",
        f"""
CREATE TABLE audit_event (
  id bigint NOT NULL DEFAULT nextval('audit_event_id_seq'),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  tx bigint NOT NULL,
  actor_id {text}, actor_label {text}, impersonator {text},
  action text NOT NULL CHECK (action <> ''),
  object_type {text}, object_id {text}, subject_id {text},
  result {text}, request_id {text},
  commitment bytea NOT NULL{wall},
  PRIMARY KEY (at, id)
) PARTITION BY RANGE (at)""",
        "CREATE INDEX audit_event_id ON audit_event (id)",
        """
CREATE INDEX audit_event_subject ON audit_event (subject_id, at, id) WHERE subject_id <> ''""",
        "CREATE INDEX audit_event_actor ON audit_event (actor_id, at, id)",
        "CREATE INDEX audit_event_object ON audit_event (object_type, object_id, at, id)",
        f"""
CREATE TABLE audit_payload (
  event_id bigint PRIMARY KEY, salt bytea NOT NULL, body text NOT NULL{wall})""",
        f"CREATE TABLE audit_queue (event_id bigint PRIMARY KEY{wall})",
        f"""
CREATE TABLE audit_seal (
  n bigint PRIMARY KEY CHECK (n > 0),
  count integer NOT NULL CHECK (count > 0),
  first_at timestamptz NOT NULL, last_at timestamptz NOT NULL,
  ids bigint[] NOT NULL, marks bytea NOT NULL,
  root bytea NOT NULL, prev bytea NOT NULL, h bytea NOT NULL,
  sealed_at timestamptz NOT NULL{wall})""",
        f"""
CREATE TABLE audit_erasure (
  event_id bigint PRIMARY KEY, erased_by bigint NOT NULL UNIQUE{wall})""",
    ]


def _partition_statements() -> list[str]:
    return [
        *(
            f"CREATE TABLE audit_event_{year} PARTITION OF audit_event FOR VALUES "
            f"FROM ('{year}-01-01 00:00:00+00') TO ('{year + 1}-01-01 00:00:00+00')"
            for year in range(FIRST_YEAR, LAST_YEAR + 1)
        ),
        "CREATE TABLE audit_event_other PARTITION OF audit_event DEFAULT",
    ]


def _guard_statements() -> list[str]:
    # A statement aimed at a partition passes by its parent's triggers, so each has its own.
    return [
        f"CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
        for table in (*TABLES, *_FIRST_PARTITIONS)
    ]


def _wall_statements(scope: Scope) -> list[str]:
    if not scope.is_clinic:
        return []
    return [
        statement
        for table in (*TABLES, *_FIRST_PARTITIONS)
        for statement in walls.wall_statements(table)
    ]


def _privilege_statements(scope: Scope) -> list[str]:
    """Reading for one role, the functions for those that act, and nothing else for anyone."""
    reader = walls.APP if scope.is_clinic else walls.PLATFORM
    everyone = f"PUBLIC, {walls.APP}, {walls.PLATFORM}, {walls.SEARCH}"
    return [
        f"REVOKE ALL ON {', '.join((*TABLES, *_FIRST_PARTITIONS))} FROM {everyone}",
        f"GRANT SELECT ON {', '.join(TABLES)} TO {reader}",
        f"REVOKE ALL ON SEQUENCE audit_event_id_seq FROM {everyone}",
        *(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC" for name in SIGNATURES),
        *(
            f"GRANT EXECUTE ON FUNCTION {name} TO {reader}"
            for name, is_open in SIGNATURES.items()
            if is_open
        ),
        # The web role notes sign-ups in the platform's trail; it neither erases nor seals there.
        f"GRANT EXECUTE ON FUNCTION {RECORDING} TO {walls.APP}",
    ]


class DropPartitions(ScopeStatements):
    """Takes back the partitions of years that are far off; one with a row in it stays."""

    reversible = False

    def statements(self) -> list[str]:
        years = range(KEPT_UNTIL + 1, LAST_YEAR + 1)
        return [_DROP_IF_EMPTY.format(table=f"audit_event_{year}") for year in years]

    def describe(self) -> str:
        return "Drop the audit trail's partitions of years far off"


_DROP_IF_EMPTY = """
DO $drop$ BEGIN
  IF NOT EXISTS (SELECT FROM {table}) THEN DROP TABLE {table}; END IF;
END $drop$"""


class CreateOrigins(ScopeStatements):
    """Builds the table that says which seals a restored clinic has brought along."""

    reversible = False

    def statements(self) -> list[str]:
        return origin_statements(current_scope())

    def describe(self) -> str:
        return "Create the table of where seals were made"


def origin_statements(scope: Scope) -> list[str]:
    wall = f", {walls.column_sql(scope.tenant_id)}" if scope.is_clinic else ""
    reader = walls.APP if scope.is_clinic else walls.PLATFORM
    everyone = f"PUBLIC, {walls.APP}, {walls.PLATFORM}, {walls.SEARCH}"
    return [
        f"""
CREATE TABLE audit_origin (
  upto bigint PRIMARY KEY CHECK (upto > 0),
  clinic integer NOT NULL,
  h bytea NOT NULL,
  restored_at timestamptz NOT NULL DEFAULT clock_timestamp(){wall})""",
        "CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_origin "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
        *(walls.wall_statements("audit_origin") if scope.is_clinic else ()),
        f"REVOKE ALL ON audit_origin FROM {everyone}",
        f"GRANT SELECT ON audit_origin TO {reader}",
    ]
