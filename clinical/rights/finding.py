"""Finding all rows about a person by the foreign keys of the catalogue."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db import connections

from clinical.patients.models import Patient
from clinical.rights.catalogue import PATIENTS, read_catalogue
from clinical.rights.erasure import exempt_tables, kept_tables
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from clinical.rights.catalogue import Table


def all_records_of(patient_id: UUID) -> list[UUID]:
    """Answer the record's id and those of all that were merged into it, one into another too."""
    found = [patient_id]
    newest = [patient_id]
    while newest:
        newest = list(
            Patient.everyone.filter(merged_into__in=newest)
            .exclude(pk__in=found)
            .values_list("pk", flat=True)
        )
        found += newest
    return found


def rows_about(
    ids: Iterable[UUID],
    *,
    catalogue: dict[str, Table] | None = None,
    without: frozenset[str] = frozenset(),
) -> dict[str, set[str]]:
    """Answer table → keys of every row that is about these patients, themselves included.

    Tables in `without` are not entered, nor what hangs on them alone.
    """
    tables = catalogue or read_catalogue()
    below = children_of(tables)
    found: dict[str, set[str]] = defaultdict(set)
    newest: dict[str, set[str]] = {PATIENTS: {str(pk) for pk in ids}}
    while newest:
        following: dict[str, set[str]] = defaultdict(set)
        for table, keys in newest.items():
            found[table] |= keys
        for table, keys in newest.items():
            for child, column in below.get(table, ()):
                if child in without or not _belongs(tables[child], column):
                    continue
                following[child] |= _keys_where(tables[child], column, keys, tables[table])
        newest = {table: new for table, keys in following.items() if (new := keys - found[table])}
    return {table: keys for table, keys in found.items() if keys}


def tables_about(tables: dict[str, Table]) -> dict[str, list[tuple[str, str]]]:
    """Answer every table whose rows can be about a patient → its columns that say so, with their targets."""
    below = children_of(tables)
    reached: dict[str, list[tuple[str, str]]] = {PATIENTS: []}
    queue = [PATIENTS]
    while queue:
        above = queue.pop(0)
        for child, column in below.get(above, ()):
            if child == PATIENTS or not _belongs(tables[child], column):
                continue
            if child not in reached:
                queue.append(child)
            columns = reached.setdefault(child, [])
            if (column, above) not in columns:
                columns.append((column, above))
    return reached


def undecided(tables: dict[str, Table]) -> dict[str, list[str]]:
    """Answer tables that may name a patient though nothing is said of what becomes of them.

    They are not reached by a foreign key, and hold ids or documents that no key explains.
    """
    known = set(tables_about(tables)) | set(exempt_tables()) | set(kept_tables())
    return {
        table.name: table.loose_columns
        for table in tables.values()
        if table.name not in known and table.loose_columns
    }


def children_of(tables: dict[str, Table]) -> dict[str, list[tuple[str, str]]]:
    """Answer table → (table, column) of what refers to it."""
    below: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for table in tables.values():
        for column, target in table.links.items():
            below[target].append((table.name, column))
    return below


def _belongs(table: Table, column: str) -> bool:
    """Answer whether a row goes with what it names: always with a patient, else where it must name it."""
    if table.name == PATIENTS or len(table.key) != 1:
        return False
    return table.links[column] == PATIENTS or table.columns[column].is_required


def _keys_where(table: Table, column: str, keys: set[str], above: Table) -> set[str]:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(
            f'SELECT "{table.key_column}"::text FROM "{table.name}" '  # noqa: S608 - names of the catalogue
            f'WHERE "{column}" = ANY (%s::{above.key_kind}[])',
            [sorted(keys)],
        )
        return {key for (key,) in cursor.fetchall()}
