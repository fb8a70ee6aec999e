"""Builds the schema of a new clinic and loads an archive's rows into it: one transaction, all or nothing.

Rows come in as they were, so what triggers wrote when they were first written is among them and the
triggers are off while they are loaded: no audit of the audit, no summary of a summary. Row-level
security stays on: without the clinic's scope not one row could be written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql

from onboarding.restore.archive import ArchiveError
from onboarding.takeout.rows import put_back
from tenants import migrate
from tenants.checksums import (
    TableSum,
    checksums_of_tables,
    columns_of_table,
    differences,
    sequences_of_clinic,
    tables_of_clinic,
)
from tenants.migrate import OWNER
from tenants.scope import current_scope, entered, public_scope, schema_of
from tenants.walls import create_schema_statements

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from onboarding.restore.archive import Archive

SHOWN = 5
"""So many differences are named in words; the others are counted."""

_NOT_DEFERRED = """
SELECT DISTINCT c.relname::text FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
 WHERE k.contype = 'f' AND NOT k.condeferrable AND c.relnamespace = to_regnamespace(%s)
"""


def known_migrations() -> set[tuple[str, str]]:
    """Answer the migrations of a clinic's tables that this version has."""
    loader = MigrationExecutor(connections[OWNER]).loader
    names = set(settings.TENANT_APPS)
    labels = {app for app in loader.migrated_apps if _module(app) in names}
    return {node for node in loader.disk_migrations if node[0] in labels}


def _module(label: str) -> str:
    from django.apps import apps

    return str(apps.get_app_config(label).name)


def check_versions(archive: Archive) -> bool:
    """Answer whether the archive's tables are older than this version's; raises for newer ones."""
    with public_scope(using=OWNER):
        known = known_migrations()
    unknown = sorted(f"{app} {name}" for app, name in archive.migrations - known)
    if unknown:
        raise ArchiveError(
            f"The archive comes from a newer version of Nexus: its tables have {unknown[0]}, which is "
            "not known here. Update Nexus, run `nexus migrate`, then restore again."
        )
    return bool(known - archive.migrations)


def build_and_load(
    tenant_id: int, archive: Archive, *, is_older: bool, heard: Callable[[int, int], None]
) -> dict[str, int]:
    """Make the clinic's schema with the archive's rows in it; raises ArchiveError, and nothing stays.

    Answers how many tables, rows and series of numbers were compared and found the same.
    """
    if not is_older:
        with public_scope(using=OWNER):
            migrate.load_scripts(migrate.heads_digest())
    with entered(migrate.tenant_scope_of_id(tenant_id)):
        if is_older:
            _build_as_it_was(tenant_id, archive)
        else:
            migrate.build_schema(tenant_id)
        _check_shape(archive)
        _triggers("DISABLE")
        _empty()
        rows = _load(archive, heard)
        _execute(sql.SQL("SET CONSTRAINTS ALL IMMEDIATE"))
        _triggers("ENABLE")
        _set_sequences(archive)
        _compare(archive)
        name_origin(archive.clinic["id"])
        if is_older:
            migrate.run_executor()
    return {
        "tables": len(archive.tables),
        "rows": rows,
        "sequences": len(archive.said["sequences"]),
    }


def _build_as_it_was(tenant_id: int, archive: Archive) -> None:
    """Build the tables at the migrations the archive was written at; they are advanced afterwards."""
    _execute(
        sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema_of(tenant_id)))
    )
    for statement in create_schema_statements(schema_of(tenant_id)):
        migrate.execute(statement)
    executor = MigrationExecutor(connections[OWNER])
    wanted = archive.migrations
    children = executor.loader.graph.node_map
    targets = [
        node
        for node in sorted(wanted)
        if not {child.key for child in children[node].children} & wanted
    ]
    executor.migrate(targets)


def _check_shape(archive: Archive) -> None:
    tables = set(tables_of_clinic())
    for table, kept in archive.tables.items():
        if table not in tables:
            raise ArchiveError(
                f"This version has no table {table}. Restore with the one that wrote it."
            )
        if list(columns_of_table(table)) != kept["columns"] and set(columns_of_table(table)) != set(
            kept["columns"]
        ):
            raise ArchiveError(
                f"The columns of {table} are not those of this version. Restore with the version that "
                "wrote the archive, update that, and export again."
            )


def _empty() -> None:
    """Take away what a new clinic begins with: the archive has its own."""
    for table in tables_of_clinic():
        _execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(current_scope().schema, table)))


def _load(archive: Archive, heard: Callable[[int, int], None]) -> int:
    with connections[OWNER].cursor() as cursor:
        cursor.execute(_NOT_DEFERRED, [current_scope().schema])
        last = {table for (table,) in cursor.fetchall()}
    total = sum(kept["rows"] for kept in archive.tables.values())
    done = 0
    for table in sorted(archive.tables, key=lambda table: (table in last, table)):
        heard(done, total)
        done += put_back(table, archive.tables[table]["columns"], archive.rows(table))
    return done


def _triggers(verb: str) -> None:
    """Switch our own triggers; those of foreign keys stay on, and are nobody's to switch."""
    for table in tables_of_clinic():
        _execute(
            sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(
                sql.Identifier(current_scope().schema, table), sql.SQL(verb)
            )
        )


def _set_sequences(archive: Archive) -> None:
    for name, (last, is_called) in archive.said["sequences"].items():
        with connections[OWNER].cursor() as cursor:
            cursor.execute(
                "SELECT setval(%s::regclass, %s, %s)",
                [f'"{current_scope().schema}"."{name}"', last, is_called],
            )


def _compare(archive: Archive) -> None:
    """Count and sum up every table again, here, and hold it against what the archive says."""
    said = {
        table: TableSum(kept["rows"], kept["checksum"]) for table, kept in archive.tables.items()
    }
    wrong = differences(said, checksums_of_tables(said))
    stands = sequences_of_clinic()
    wrong += [
        f"the series {name} stands at {stands.get(name)}, not at {at}"
        for name, at in archive.said["sequences"].items()
        if stands.get(name) != tuple(at)
    ]
    if wrong:
        raise ArchiveError(f"What was loaded is not what was saved: {listed(wrong)}.")


def listed(wrong: Sequence[str]) -> str:
    """Name the first few differences and count the others."""
    more = f", and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return "; ".join(wrong[:SHOWN]) + more


def name_origin(clinic_id: int) -> None:
    """Say which clinic made the seals: its id stands in their hashes, and is not the running scope's."""
    with connections[OWNER].cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_origin (upto, clinic, h) SELECT s.n, %s, s.h FROM audit_seal AS s "
            "WHERE s.n > coalesce((SELECT max(upto) FROM audit_origin), 0) "
            "ORDER BY s.n DESC LIMIT 1",
            [clinic_id],
        )


def _execute(statement: sql.Composable) -> None:
    with connections[OWNER].cursor() as cursor:
        cursor.execute(statement)
