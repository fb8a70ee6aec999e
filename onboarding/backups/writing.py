"""Writes backups: of one clinic table by table, of the platform by pg_dump or table by table."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg import sql

from onboarding.backups import dumping
from onboarding.backups.archive import FORMAT, ArchiveWriter
from onboarding.backups.errors import BackupError, CountsDifferError
from onboarding.backups.files import files_of
from onboarding.backups.instant import (
    checksum_of,
    clinic_ids,
    clinics_elsewhere,
    counts_of,
    heads_of,
    relations_of,
    schema_script,
    sequences_of,
)
from tenants.scope import schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from onboarding.backups.instant import Connection, Instant, Relation

    Say = Callable[[int, int], None]

SHARED_ROWS = {
    "tenants_tenant": "id",
    "tenants_domain": "tenant_id",
    "tenants_datakey": "tenant_id",
    "tenants_vendorbinding": "tenant_id",
}
"""Shared tables of which a clinic's backup holds the clinic's own rows, and by which column."""


@dataclass
class Part:
    """What was written of one clinic, or of the shared tables."""

    schema: str
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    sequences: dict[str, int | None] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        return {
            "tables": len(self.tables),
            "rows": sum(table["rows"] for table in self.tables.values()),
            "files": len(self.files),
            "file_bytes": sum(file["size"] for file in self.files.values()),
        }


@dataclass
class Written:
    """What stands in one backup. `clinics` by id, with what each was called."""

    method: str
    shared: Part | None = None
    clinics: dict[int, Part] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    heads: str = ""
    elsewhere: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        parts = [*self.clinics.values(), *([self.shared] if self.shared else [])]
        totals = {
            name: sum(part.counts[name] for part in parts)
            for name in ("tables", "rows", "files", "file_bytes")
        }
        return {**totals, "clinics": len(self.clinics)}

    @property
    def left_out(self) -> list[str]:
        moved = [
            f"{subdomain}: its tables stand in another database, which has backups of its own"
            for subdomain in self.elsewhere
        ]
        return moved + [
            f"{self.names[pk]}: {words}" if len(self.clinics) > 1 else words
            for pk, part in self.clinics.items()
            for words in part.left_out
        ]


def write_clinic(
    archive: ArchiveWriter,
    instant: Instant,
    tenant_id: int,
    subdomain: str,
    *,
    with_files: bool,
    say: Say = lambda _done, _total: None,
) -> Written:
    """Write one clinic: its rows of the shared tables, its schema, its tables, its files."""
    written = Written("copy", names={tenant_id: subdomain})
    _write_head(archive, instant, scope="clinic", method="copy", clinics={tenant_id: subdomain})
    with instant.counter() as counter:
        written.heads = _write_schema_script(archive, instant, tenant_id, done=set())
        part = _write_clinic_rows(archive, instant, counter, tenant_id, say=say)
    written.clinics[tenant_id] = part
    instant.release()
    _write_files(archive, part, tenant_id, with_files=with_files, say=say)
    _write_end(archive, written)
    return written


def write_platform(
    archive: ArchiveWriter,
    instant: Instant,
    *,
    method: str,
    with_files: bool,
    say: Say = lambda _done, _total: None,
) -> Written:
    """Write the whole database, by `pg_dump` or by `copy`, and the files of every clinic."""
    with instant.reader() as reader:
        clinics = dict(clinic_ids(reader))
        elsewhere = clinics_elsewhere(reader)
    written = Written(method, names=clinics, elsewhere=elsewhere)
    _write_head(archive, instant, scope="platform", method=method, clinics=clinics)
    with instant.counter() as counter:
        if method == "pg_dump":
            _dump_rows(archive, instant, counter, written, say=say)
        else:
            _copy_rows(archive, instant, counter, written, say=say)
    instant.release()
    for tenant_id, part in written.clinics.items():
        _write_files(archive, part, tenant_id, with_files=with_files, say=say)
    _write_end(archive, written)
    return written


def _write_head(
    archive: ArchiveWriter, instant: Instant, *, scope: str, method: str, clinics: dict[int, str]
) -> None:
    archive.add_json(
        "backup.json",
        {
            "format": FORMAT,
            "scope": scope,
            "method": method,
            "as_of": instant.as_of.isoformat(),
            "postgresql": instant.server,
            "clinics": {str(pk): subdomain for pk, subdomain in clinics.items()},
        },
    )


def _write_end(archive: ArchiveWriter, written: Written) -> None:
    """Write what is in it, last: an archive without this member is not whole."""
    archive.add_json(
        "manifest.json",
        {
            "counts": written.counts,
            "left_out": written.left_out,
            "shared": written.shared.tables if written.shared else None,
            "clinics": {
                str(pk): {
                    "subdomain": written.names[pk],
                    "tables": part.tables,
                    "sequences": part.sequences,
                    "files": part.files,
                }
                for pk, part in written.clinics.items()
            },
        },
    )


# ── table by table ───────────────────────────────────────────────────────────────────────────────


def _copy_rows(
    archive: ArchiveWriter,
    instant: Instant,
    counter: Connection,
    written: Written,
    *,
    say: Say,
) -> None:
    scripts: set[str] = set()
    with instant.reader() as reader, instant.as_owner_of(counter, 0):
        written.shared = _write_tables(archive, reader, counter, "public", folder="public")
    for place, tenant_id in enumerate(written.names):
        say(place, len(written.names))
        _write_schema_script(archive, instant, tenant_id, done=scripts)
        written.clinics[tenant_id] = _write_clinic_rows(archive, instant, counter, tenant_id)


def _write_schema_script(
    archive: ArchiveWriter, instant: Instant, tenant_id: int, *, done: set[str]
) -> str:
    with instant.shared() as reader:
        heads = heads_of(reader, tenant_id)
        if heads not in done:
            done.add(heads)
            archive.add_bytes(f"schemas/{heads}.sql", schema_script(reader, heads).encode())
    return heads


def _write_clinic_rows(
    archive: ArchiveWriter,
    instant: Instant,
    counter: Connection,
    tenant_id: int,
    *,
    say: Say = lambda _done, _total: None,
) -> Part:
    schema = schema_of(tenant_id)
    with instant.shared() as shared:
        archive.add_json(
            f"clinics/{schema}/clinic.json",
            {"heads": heads_of(shared, tenant_id), "shared": _shared_rows(shared, tenant_id)},
        )
    with instant.reader(tenant_id=tenant_id) as reader, instant.as_owner_of(counter, tenant_id):
        return _write_tables(archive, reader, counter, schema, folder=f"clinics/{schema}", say=say)


def _shared_rows(reader: Connection, tenant_id: int) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for table, column in SHARED_ROWS.items():
        question = sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE {} = %s").format(
            sql.Identifier("public", table), sql.Identifier(column)
        )
        found[table] = [row[0] for row in reader.execute(question, [tenant_id])]
    return found


def _write_tables(
    archive: ArchiveWriter,
    reader: Connection,
    counter: Connection,
    schema: str,
    *,
    folder: str,
    say: Say = lambda _done, _total: None,
) -> Part:
    part = Part(schema, sequences=sequences_of(reader, schema))
    relations = relations_of(reader, schema)
    counted = counts_of(counter, schema, relations)
    columns = {relation.name: relation.columns for relation in relations}
    archive.add_json(f"{folder}/tables.json", columns)
    for place, relation in enumerate(relations):
        say(place, len(relations))
        seen = checksum_of(reader, schema, relation)
        entry = {"rows": seen.rows, "checksum": seen.digest}
        rows = _Lines()
        if seen.rows:
            copied = rows.counted(_copied(reader, schema, relation))
            archive.add_pieces(f"{folder}/tables/{relation.name}", copied)
        expect_same(f"{schema}.{relation.name}", rows.count, counted[relation.name])
        expect_same(f"{schema}.{relation.name}", seen.rows, counted[relation.name])
        part.tables[relation.name] = entry
    return part


def expect_same(table: str, written: int, counted: int) -> None:
    """Raise CountsDifferError where fewer or more rows were written than the owner counts."""
    if written != counted:
        raise CountsDifferError(
            f"{table}: {written} rows were written and {counted} are there. The backup was thrown "
            "away: the role nexus_backup does not see every row (BYPASSRLS), or reads elsewhere."
        )


def _copied(reader: Connection, schema: str, relation: Relation) -> Iterator[bytes]:
    statement = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        relation.selected, sql.Identifier(schema, relation.name)
    )
    with reader.cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            yield bytes(block)


class _Lines:
    """Counts rows while they pass: in COPY's text form each ends with the only bare newline."""

    def __init__(self) -> None:
        self.count = 0

    def counted(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self.count += block.count(b"\n")
            yield block


# ── by pg_dump ───────────────────────────────────────────────────────────────────────────────────


def _dump_rows(
    archive: ArchiveWriter,
    instant: Instant,
    counter: Connection,
    written: Written,
    *,
    say: Say,
) -> None:
    dump = dumping.Dump(instant)
    archive.add_pieces("platform/database.sql", dump.blocks())
    for place, (tenant_id, schema) in enumerate(
        [(0, "public"), *((pk, schema_of(pk)) for pk in written.names)]
    ):
        say(place, len(written.names) + 1)
        with instant.as_owner_of(counter, tenant_id):
            counted = dumping.leaf_counts(counter, schema)
            sequences = sequences_of(counter, schema)
        part = Part(schema, sequences=sequences)
        for table, rows in counted.items():
            expect_same(f"{schema}.{table}", dump.rows.get((schema, table), 0), rows)
            part.tables[table] = {"rows": rows}
        if tenant_id:
            written.clinics[tenant_id] = part
        else:
            written.shared = part
    if not dump.is_whole:
        raise BackupError("pg_dump ended without its last line: its dump is not whole.")


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def _write_files(
    archive: ArchiveWriter, part: Part, tenant_id: int, *, with_files: bool, say: Say
) -> None:
    if not with_files:
        part.left_out.append("files: this backup was asked for without them")
        return
    found = files_of(tenant_id)
    part.left_out += found.left_out
    for place, name in enumerate(found.names):
        say(place, len(found.names))
        entry = found.add_to(archive, f"clinics/{part.schema}/files/{name}", name)
        if entry is None:
            part.left_out.append(f"a file that went away meanwhile: {base64_of(name)}")
        else:
            part.files[name] = entry


def base64_of(name: str) -> str:
    """A file's name in a form that a log or a row may hold: it can bear a person's id only."""
    return base64.urlsafe_b64encode(name.encode()).decode()[:40]
