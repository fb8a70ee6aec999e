"""A clinic's rows carried from one schema to another, of this database or of another one.

The owner of a table obeys its forced policy, and a bulk load is refused where one holds. So the empty
schema that is being filled is taken out of force, by its owner and inside the one transaction that fills
it: nobody sees it before it is whole and back in force. Reading goes through the policies, in the scope
of the clinic that is read.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import connections
from psycopg import sql

from tenants.backend.base import STAMP, stamp_of
from tenants.checksums import write_values_alike
from tenants.clusters import connection_to
from tenants.scope import Scope, current_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

BUILT = "COPY {table} ({columns}) FROM STDIN"


def parameters_of(scope: Scope) -> dict[str, Any]:
    """Answer how to connect as the role behind a scope to the database it is in."""
    there = connection_to(scope.alias, scope.cluster).get_connection_params()
    return {
        name: value
        for name, value in there.items()
        if name not in {"cursor_factory", "context", "server_side_binding", "prepare_threshold"}
    }


@contextmanager
def reading(scope: Scope) -> Iterator[psycopg.Cursor[Any]]:
    """Open a transaction of one instant on a connection of its own, in the scope of a clinic."""
    with (
        psycopg.connect(**parameters_of(scope), autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute(STAMP, list(stamp_of(scope)))
        yield cursor
        cursor.execute("ROLLBACK")


@contextmanager
def filling(tables: Sequence[str]) -> Iterator[psycopg.Cursor[Any]]:
    """Take the tables of the running scope's new schema out of force while they are filled.

    Needs the owner's scope. What stands there is deleted first: what a schema begins with is copied too.
    """
    scope = current_scope()
    with connections[scope.alias].cursor() as stamped:
        write_values_alike()
        names = [sql.Identifier(scope.schema, table) for table in tables]
        odd = _odd_triggers(stamped, scope.schema)
        for name in names:
            stamped.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(name))
            stamped.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
        for name in names:
            stamped.execute(sql.SQL("DELETE FROM {}").format(name))
        stamped.execute("SET CONSTRAINTS ALL DEFERRED")
        raw = connections[scope.alias].connection
        with raw.cursor() as cursor:
            yield cursor
        stamped.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in names:
            stamped.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))
            stamped.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(name))
        for table, trigger, how in odd:
            stamped.execute(
                sql.SQL("ALTER TABLE {} {} TRIGGER {}").format(
                    sql.Identifier(scope.schema, table), sql.SQL(how), sql.Identifier(trigger)
                )
            )


_ODD = """
SELECT c.relname, t.tgname, CASE t.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA'
       ELSE 'DISABLE' END
  FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
 WHERE c.relnamespace = to_regnamespace(%s) AND NOT t.tgisinternal AND t.tgenabled <> 'O'
   AND NOT c.relispartition
"""


def _odd_triggers(cursor: Any, schema: str) -> list[tuple[str, str, str]]:
    cursor.execute(_ODD, [schema])
    return list(cursor.fetchall())


def carry(
    source: psycopg.Cursor[Any],
    target: psycopg.Cursor[Any],
    table: str,
    *,
    schemas: tuple[str, str],
    columns: Mapping[str, sql.Composable],
    where: sql.Composable | None = None,
    tell: Callable[[int], None] = lambda _bytes: None,
) -> None:
    """Stream a table's rows over: each column of the target from its expression over the source."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    query = sql.SQL("COPY (SELECT {} FROM {} AS t{}) TO STDOUT").format(
        sql.SQL(", ").join(columns.values()),
        sql.Identifier(schemas[0], table),
        sql.SQL(" WHERE {}").format(where) if where is not None else sql.SQL(""),
    )
    into = sql.SQL(BUILT).format(table=sql.Identifier(schemas[1], table), columns=names)
    with source.copy(query) as out, target.copy(into) as loading:
        for block in out:
            loading.write(block)
            tell(len(block))


def set_sequences(values: Mapping[str, tuple[int, bool]]) -> None:
    """Let the running scope's series of numbers go on where they stood."""
    scope = current_scope()
    with connections[scope.alias].cursor() as cursor:
        for name, (last, is_called) in values.items():
            cursor.execute(
                "SELECT setval(c.oid::regclass, %s, %s) FROM pg_class AS c "
                "WHERE c.relnamespace = to_regnamespace(%s) AND c.relname = %s AND c.relkind = 'S'",
                [last, is_called, scope.schema, name],
            )


def plain(columns: Iterable[str]) -> dict[str, sql.Composable]:
    """Carry the columns over as they are."""
    return {column: sql.Identifier("t", column) for column in columns}
