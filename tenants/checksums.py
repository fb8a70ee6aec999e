"""Are two clinics, or two copies of one, the same to the last byte? Each table as a count and a digest.

The digest is worked out by the database from every value as text. It does not depend on the order of
the rows, nor on what a copy elsewhere cannot share: the wall's column, what the database derives, and
the bytes of a sealed secret, of which it says only that there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connections
from psycopg import sql

from tenants.scope import current_scope, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tenants.models import Tenant

OWNER = "owner"

ABOUT_THE_SCHEMA = frozenset({"django_migrations"})
"""Tables that say how the schema came to be, not what is in it."""

PASSING = frozenset(
    {
        "accounts_session",
        "documents_upload",
        "imports_runprogress",
        "imports_stagedrecord",
    }
)
"""Tables of what is under way this minute: who is signed in, parts of files. No copy takes them along."""

KEPT_BY_ITSELF = frozenset(
    {
        "audit_erasure",
        "audit_event",
        "audit_origin",
        "audit_payload",
        "audit_queue",
        "audit_seal",
        "takeout_takeout",
    }
)
"""Tables that grow because somebody copies or looks: equal within one instant only."""

_BITS = 1 << 64

_TABLES = """
SELECT c.relname::text FROM pg_class AS c
 WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
 ORDER BY c.relname COLLATE "C"
"""

_ORDER = {True: sql.SQL('a.attname COLLATE "C"'), False: sql.SQL("a.attnum")}

_OF_ONE = sql.SQL("c.oid = to_regclass(%s)")
_OF_ALL = sql.SQL(
    "c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
)
_COLUMNS = """
SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod)
  FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
 WHERE {which} AND a.attnum > 0 AND NOT a.attisdropped
   AND a.attgenerated = '' AND a.attname <> 'tenant_id'
 ORDER BY c.oid, {order}
"""

_SEQUENCES = """
SELECT c.relname::text FROM pg_class AS c
 WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind = 'S' ORDER BY c.relname COLLATE "C"
"""

_AS_TEXT = """
SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, YMD', true),
       set_config('IntervalStyle', 'postgres', true), set_config('bytea_output', 'hex', true),
       set_config('extra_float_digits', '1', true)
"""

_SUM = """
SELECT count(*), coalesce(sum(('x' || encode(substr(h, 1, 8), 'hex'))::bit(64)::bigint), 0),
       coalesce(sum(('x' || encode(substr(h, 9, 8), 'hex'))::bit(64)::bigint), 0)
  FROM (SELECT sha256(convert_to(ROW({values})::text, 'UTF8')) AS h FROM {table}) AS hashed
"""


@dataclass(frozen=True)
class TableSum:
    """How many rows a table has, and what they come to."""

    rows: int
    digest: str

    def as_json(self) -> dict[str, str | int]:
        return {"rows": self.rows, "checksum": self.digest}


Sequence = tuple[int, bool]
"""A sequence's last value, and whether it has been given out."""


def tables_of_clinic() -> list[str]:
    """Name every table with a clinic's rows, in its scope: read from the database, not from the models."""
    return [table for table in _names(_TABLES) if table not in ABOUT_THE_SCHEMA]


def columns_of_table(table: str, *, by_name: bool = False) -> dict[str, str]:
    """Answer each stored column of a table with its type, in the scope of the clinic."""
    name = f'"{current_scope().schema}"."{table}"'
    return _columns(_OF_ONE, name, by_name=by_name).get(table, {})


def _columns(which: sql.SQL, name: str, *, by_name: bool) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(sql.SQL(_COLUMNS).format(which=which, order=_ORDER[by_name]), [name])
        for table, column, kind in cursor.fetchall():
            found.setdefault(table, {})[column] = kind
    return found


def write_values_alike() -> None:
    """Have the rest of the transaction write values as text in one way, whatever the server's settings."""
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(_AS_TEXT)


def checksum_of_table(table: str) -> TableSum:
    """Answer the table's count and digest in the scope that is open, as whoever its alias is."""
    write_values_alike()
    return _sum_of(table, columns_of_table(table, by_name=True))


def checksums_of_tables(tables: Iterable[str]) -> dict[str, TableSum]:
    """Answer the same for some of the clinic's tables, by table."""
    write_values_alike()
    columns = _columns(_OF_ALL, current_scope().schema, by_name=True)
    return {table: _sum_of(table, columns.get(table, {})) for table in tables}


def _sum_of(table: str, columns: Mapping[str, str]) -> TableSum:
    scope = current_scope()
    values = [_compared(column, kind) for column, kind in columns.items()]
    statement = sql.SQL(_SUM).format(
        values=sql.SQL(", ").join(values), table=sql.Identifier(scope.schema, table)
    )
    with connections[scope.alias].cursor() as cursor:
        cursor.execute(statement)
        rows, *halves = cursor.fetchone()
    return TableSum(rows, "".join(f"{int(half) % _BITS:016x}" for half in halves))


def _compared(column: str, kind: str) -> sql.Composed:
    """A sealed secret is bound to its clinic, so a copy seals it anew: that it is there is compared."""
    value = sql.Identifier(column)
    if kind.startswith(("text", "character varying")) and column.startswith("sealed"):
        return sql.SQL("CASE WHEN {value} <> '' THEN 'sealed' ELSE {value} END").format(value=value)
    return sql.Composed([value])


def checksums_of_clinic(
    tenant: Tenant, *, using: str = OWNER, leave_out: Iterable[str] = PASSING | KEPT_BY_ITSELF
) -> dict[str, TableSum]:
    """Answer every table's count and digest, at one instant only where nobody writes meanwhile.

    By default without the tables that differ between two looks at one and the same clinic. As the
    owner: what a person may not see is a part of the clinic too.
    """
    unwanted = frozenset(leave_out)
    with tenant_scope(tenant, using=using):
        return checksums_of_tables(table for table in tables_of_clinic() if table not in unwanted)


def sequences_of_clinic() -> dict[str, Sequence]:
    """Answer where each series of numbers stands, in the clinic's scope as its owner."""
    scope = current_scope()
    found: dict[str, Sequence] = {}
    with connections[scope.alias].cursor() as cursor:
        for name in _names(_SEQUENCES):
            if name.removesuffix("_id_seq") in ABOUT_THE_SCHEMA:
                continue
            cursor.execute(
                sql.SQL("SELECT last_value, is_called FROM {}").format(
                    sql.Identifier(scope.schema, name)
                )
            )
            last, is_called = cursor.fetchone()
            found[name] = (last, is_called)
    return found


def differences(before: Mapping[str, TableSum], after: Mapping[str, TableSum]) -> list[str]:
    """Say in words what two clinics' tables do not share; empty where they are the same."""
    said = []
    for table in sorted({*before, *after}):
        was, now = before.get(table), after.get(table)
        if was == now:
            continue
        if was is None or now is None:
            said.append(f"{table}: only in {'one' if now is None else 'the other'}")
        elif was.rows != now.rows:
            said.append(f"{table}: {was.rows} rows here, {now.rows} there")
        else:
            said.append(f"{table}: {was.rows} rows in both, but not the same values")
    return said


def _names(query: str) -> list[str]:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(query, [current_scope().schema])
        return [name for (name,) in cursor.fetchall()]
