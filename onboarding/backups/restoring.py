"""Builds a clinic's schema anew from a backup, while the backup is read; nothing lies on a disk between.

COPY is refused where row-level security is forced, and a data-only restore of somebody else's would fail
or, worse, write nothing. So the schema is built and filled in one transaction of the owner's in which
nobody else can see it: walls down, triggers off, rows in, keys checked, triggers and walls as they were.
Then every table is counted and summed up again and compared with what the backup says of itself.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from django.db import connections
from psycopg import sql

from onboarding.backups.archive import members_of
from onboarding.backups.errors import BackupError, CannotOpenError
from onboarding.backups.instant import ROW_TEXT, Relation, checksum_of, sequences_of
from tenants.migrate import OWNER, TEMPLATE_ID, tenant_scope_of_id
from tenants.scope import entered, schema_of
from tenants.walls import create_schema_statements

if TYPE_CHECKING:
    from onboarding.backups.piping import Reader

BLOCK = 1 << 18


@dataclass
class Restored:
    """What came out of a backup, and what was not as the backup said."""

    heads: str = ""
    tables: int = 0
    rows: int = 0
    files: int = 0
    file_bytes: int = 0
    sequences: int = 0
    differences: list[str] = field(default_factory=list)


def restore_clinic(source: Reader, *, origin_id: int, into_id: int) -> Restored:
    """Build the schema of clinic `into_id` from the part of clinic `origin_id` in an opened backup.

    What stood under `into_id` is dropped. Outside every scope; all or nothing. Files are read and
    compared, not stored. Raises BackupError where the backup does not hold that clinic table by table.
    """
    with entered(tenant_scope_of_id(into_id)):
        restoring = _Restoring(origin_id, into_id)
        for name, content in members_of(source):
            restoring.take(name, content)
        return restoring.finish()


def drop_schema(tenant_id: int) -> None:
    """Drop what a rehearsal has built."""
    with entered(tenant_scope_of_id(tenant_id)), connections[OWNER].cursor() as cursor:
        cursor.execute(
            sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema_of(tenant_id)))
        )


class _Restoring:
    """One restore, fed member by member; inside the owner's transaction."""

    def __init__(self, origin_id: int, into_id: int) -> None:
        self.origin_id, self.into_id = origin_id, into_id
        self.schema = schema_of(into_id)
        self.folder = f"clinics/{schema_of(origin_id)}/"
        self.restored = Restored()
        self._scripts: dict[str, str] = {}
        self._relations: dict[str, Relation] = {}
        self._walls: _Walls | None = None
        self._files: dict[str, tuple[int, str]] = {}
        self._copying, self._table, self._copy = ExitStack(), "", None
        self._manifest: dict[str, Any] | None = None

    def take(self, name: str, content: IO[bytes]) -> None:
        if name.startswith("schemas/"):
            self._scripts[name.removeprefix("schemas/").removesuffix(".sql")] = (
                content.read().decode()
            )
        elif name == "manifest.json":
            self._manifest = json.loads(content.read())
        elif name.startswith(self.folder):
            self._take_own(name.removeprefix(self.folder), content)

    def _take_own(self, name: str, content: IO[bytes]) -> None:
        if name == "clinic.json":
            self._build(json.loads(content.read())["heads"])
        elif name == "tables.json":
            self._relations = {
                table: Relation(table, tuple(columns))
                for table, columns in json.loads(content.read()).items()
            }
            self._walls = _Walls(self.schema)
            self._walls.take_down(list(self._relations))
        elif name.startswith("tables/"):
            self._fill(name.split("/")[1], content)
        elif name.startswith("files/"):
            self._files[name.removeprefix("files/")] = _measured(content)

    def _build(self, heads: str) -> None:
        if heads not in self._scripts:
            raise CannotOpenError("The backup has no script for its tables: it is not whole.")
        self.restored.heads = heads
        _run(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(self.schema)))
        for statement in create_schema_statements(self.schema):
            _run(statement)
        _run(self._scripts[heads].replace(str(TEMPLATE_ID), str(self.into_id)))

    def _fill(self, table: str, content: IO[bytes]) -> None:
        """Write a piece of a table; the pieces of one follow each other and are one COPY."""
        if table != self._table:
            self._copying.close()
            relation = self._relations[table]
            cursor = self._copying.enter_context(connections[OWNER].cursor())
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
                sql.Identifier(self.schema, table), relation.selected
            )
            self._table = table
            self._copy = self._copying.enter_context(cursor.copy(statement))
        while block := content.read(BLOCK):
            self._copy.write(block)  # type: ignore[attr-defined]

    def finish(self) -> Restored:
        self._copying.close()
        if self._walls is None or self._manifest is None:
            raise BackupError(
                "This backup does not hold that clinic table by table. One of the whole platform by "
                "pg_dump is restored by psql: docs/operations.md says how."
            )
        said = self._manifest["clinics"][str(self.origin_id)]
        self._set_sequences(said["sequences"])
        self._walls.put_up()
        self._compare(said)
        return self.restored

    def _set_sequences(self, sequences: dict[str, int | None]) -> None:
        for name, last in sequences.items():
            if last is not None:
                _run(
                    "SELECT setval(format('%%I.%%I', %s::text, %s::text)::regclass, %s)",
                    [self.schema, name, last],
                )

    def _compare(self, said: dict[str, Any]) -> None:
        raw = connections[OWNER].connection
        found = self.restored
        for name, value in ROW_TEXT.items():
            _run("SELECT set_config(%s, %s, true)", [name, value])
        for table, entry in said["tables"].items():
            seen = checksum_of(raw, self.schema, self._relations[table])
            found.tables += 1
            found.rows += seen.rows
            if (seen.rows, seen.digest) != (entry["rows"], entry["checksum"]):
                same = "the same number" if seen.rows == entry["rows"] else f"of {entry['rows']}"
                found.differences.append(f"table {table}: {seen.rows} rows, {same}, other values")
        sequences = sequences_of(raw, self.schema)
        found.sequences = len(sequences)
        if sequences != said["sequences"]:
            found.differences.append("sequences do not stand where they stood")
        for name, file in said["files"].items():
            found.files += 1
            found.file_bytes += file["size"]
            if self._files.get(name) != (file["size"], file["sha256"]):
                found.differences.append("a file is not as it was")


def _measured(content: IO[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while block := content.read(BLOCK):
        digest.update(block)
        size += len(block)
    return size, digest.hexdigest()


def _run(statement: Any, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connections[OWNER].cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall()) if cursor.description else []


class _Walls:
    """The forced policies and the triggers of a schema, taken down and put up again as they were."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self.forced = [
            row[0]
            for row in _run(
                "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace "
                "AND relkind IN ('r', 'p') AND relforcerowsecurity",
                [schema],
            )
        ]
        self.triggers = _run(
            "SELECT c.relname, t.tgname, t.tgenabled::text FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = %s::regnamespace "
            "AND NOT t.tgisinternal AND t.tgparentid = 0",
            [schema],
        )

    def take_down(self, tables: list[str]) -> None:
        for table in self.forced:
            self._alter(table, "NO FORCE ROW LEVEL SECURITY")
        for table in {row[0] for row in self.triggers}:
            self._alter(table, "DISABLE TRIGGER USER")
        # A schema begins with some rows of its own: what a clinic starts with.
        names = sql.SQL(", ").join(sql.Identifier(self.schema, table) for table in tables)
        _run(sql.SQL("TRUNCATE {}").format(names))
        _run("SET CONSTRAINTS ALL DEFERRED")

    def put_up(self) -> None:
        _run("SET CONSTRAINTS ALL IMMEDIATE")
        verbs = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA", "D": "DISABLE"}
        for table, trigger, enabled in self.triggers:
            _run(
                sql.SQL("ALTER TABLE {} {} TRIGGER {}").format(
                    sql.Identifier(self.schema, table),
                    sql.SQL(verbs[enabled]),
                    sql.Identifier(trigger),
                )
            )
        for table in self.forced:
            self._alter(table, "FORCE ROW LEVEL SECURITY")

    def _alter(self, table: str, what: str) -> None:
        _run(
            sql.SQL("ALTER TABLE {} {}").format(
                sql.Identifier(self.schema, table),
                sql.SQL(what),
            )
        )
