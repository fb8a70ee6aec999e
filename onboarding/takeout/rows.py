"""Tables as they are, to the last byte: PostgreSQL's COPY text, out of a clinic and back into one.

Reading by COPY obeys the policies of whoever reads. COPY into a table with a policy is refused, so rows
go back by INSERT from arrays of text, each value cast to its column's type as COPY would.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db import connections
from psycopg import sql

from onboarding.takeout.contents import is_withheld
from tenants.checksums import PASSING, columns_of_table, tables_of_clinic, write_values_alike
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NOT_FOR_PEOPLE = frozenset(
    {"otp_totp_totpdevice", "otp_static_staticdevice", "otp_static_statictoken"}
)
"""Tables that let people in: as a whole they go into the sealed part."""

PORTION_ROWS, PORTION_BYTES = 2_000, 4 * 1024**2

_ESCAPES = {
    b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v",
}  # fmt: skip
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def kept_tables() -> list[str]:
    """Name the tables of the clinic in scope that an archive keeps, as the database has them."""
    return [table for table in tables_of_clinic() if table not in PASSING]


def is_for_nobody(table: str, columns: Iterable[str]) -> bool:
    """Say whether a table has something in it that no person must read."""
    return table in NOT_FOR_PEOPLE or any(is_withheld(table, column) for column in columns)


def copied(table: str) -> Iterator[bytes]:
    """Yield a table of the clinic in scope as COPY text, block by block."""
    scope = current_scope()
    write_values_alike()
    columns = sql.SQL(", ").join(map(sql.Identifier, columns_of_table(table)))
    statement = sql.SQL("COPY (SELECT {columns} FROM {table}) TO STDOUT").format(
        columns=columns, table=sql.Identifier(scope.schema, table)
    )
    with connections[scope.alias].cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            yield bytes(block)


def put_back(table: str, columns: Sequence[str], blocks: Iterable[bytes]) -> int:
    """Insert COPY text into a table of the clinic in scope; answers how many rows there were."""
    scope = current_scope()
    types = columns_of_table(table)
    names = [sql.Identifier(column) for column in columns]
    statement = sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {values} FROM unnest({arrays}) AS given ({names})"
    ).format(
        table=sql.Identifier(scope.schema, table),
        names=sql.SQL(", ").join(names),
        values=sql.SQL(", ").join(
            sql.SQL("given.{name}::{type}").format(name=name, type=sql.SQL(types[column]))
            for name, column in zip(names, columns, strict=True)
        ),
        arrays=sql.SQL(", ").join(sql.SQL("%s::text[]") for _ in columns),
    )
    count = 0
    with connections[scope.alias].cursor() as cursor:
        for portion in _portions(_lines(blocks)):
            values = zip(*(_values(line) for line in portion), strict=True)
            cursor.execute(statement, [list(column) for column in values])
            count += len(portion)
    return count


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for block in blocks:
        *whole, held = (held + block).split(b"\n")
        yield from whole
    if held:
        yield held


def _portions(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if len(held) >= PORTION_ROWS or size >= PORTION_BYTES:
            yield held
            held, size = [], 0
    if held:
        yield held


def _values(line: bytes) -> list[str | None]:
    return [_value(field) for field in line.split(b"\t")]


def _value(field: bytes) -> str | None:
    if field == b"\\N":
        return None
    if b"\\" in field:
        field = _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), field)
    return field.decode()
