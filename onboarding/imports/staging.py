"""From the file to staged records: in batches, each in a short transaction, twice to no effect."""

from __future__ import annotations

from array import array
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from onboarding.filemaker.live.source import LiveSource
from onboarding.filemaker.sources import Record
from onboarding.imports.connection.reading import note_reading
from onboarding.imports.models import ImportSource, StagedRecord
from onboarding.imports.opening import open_import_source
from onboarding.imports.payload import dumped, hash_of, parse_key, payload_of, storable_json
from onboarding.imports.profile import TableTally
from onboarding.imports.structure import Structure
from tenants.ids import uuid7
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Iterator

    from onboarding.filemaker.exports.detect import OpenSource
    from onboarding.imports.progress import Progress
    from onboarding.imports.structure import TableStructure
    from tenants.models import Tenant
    from tenants.scope import Actor

BATCH_ROWS = 1_000
BATCH_BYTES = 4 * 1024**2
RESUMABLE = timedelta(hours=2)
"""How old what was read from a server may be for a reading to go on after it."""
SEPARATOR = "\x1e"
"""Parts the payloads of a batch: JSON writes control characters as escapes, so none holds it."""

_INSERT = """
INSERT INTO imports_stagedrecord
    (id, source_id, table_id, record_id, modification_count, payload, payload_hash)
SELECT row.id, %s, %s, row.record_id, row.modification_count, row.payload::jsonb, row.payload_hash
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], string_to_array(%s, %s), %s::text[])
    AS row (id, record_id, modification_count, payload, payload_hash)
ON CONFLICT (source_id, table_id, record_id) DO NOTHING
"""

Row = tuple[int, int, str]


def stage_source(
    tenant: Tenant, source_id: uuid.UUID, *, actor: Actor, progress: Progress
) -> ImportSource:
    """Read the whole file once: structure, every record, and the profile of every field.

    Taken up again after a crash it reads the file anew and adds only the records not yet staged.
    Raises a FileMakerFileError where nothing can be read.
    """
    with tenant_scope(tenant, actor=actor):
        source = ImportSource.objects.get(pk=source_id)
    with _opened(source, tenant, actor=actor, progress=progress) as file:
        structure = Structure.of(file)
        stager = _Stager(tenant, actor, source, file, structure, progress)
        tables = [stager.stage(table) for table in structure.tables]
        warnings = [warning.as_json() for warning in file.warnings]
    with tenant_scope(tenant, actor=actor):
        source.structure = storable_json(structure.as_json())
        source.fingerprint = structure.fingerprint
        source.profile = storable_json({"tables": tables})
        source.warnings, source.state = storable_json(warnings), ImportSource.State.STAGED
        source.save()
    if source.is_live:
        note_reading(tenant, source.connection_id, error=None, actor=actor)
    return source


@contextmanager
def _opened(
    source: ImportSource, tenant: Tenant, *, actor: Actor, progress: Progress
) -> Iterator[OpenSource]:
    """Open what is read; that a file is whole, and which one it is, is seen while it is opened."""
    with ExitStack() as stack:
        with progress.phase("Connect" if source.is_live else "Check the file"):
            opened = open_import_source(source, tenant=tenant, actor=actor)
            file = stack.enter_context(opened)
        yield file


@dataclass(frozen=True)
class _Stager:
    tenant: Tenant
    actor: Actor
    source: ImportSource
    file: OpenSource
    structure: Structure
    progress: Progress

    def stage(self, table: TableStructure) -> dict[str, Any]:
        """Stage one table; answers its profile and what the file itself says of its records."""
        tally = TableTally(table, self.structure, timezone.now().date())
        with self.progress.phase(f"Read {table.name}", table.table.record_count):
            if isinstance(self.file, LiveSource):
                self._go_on_after_a_break(self.file, table, tally)
            for batch in _batches(self.file.records(table.id), tally):
                with tenant_scope(self.tenant, actor=self.actor):
                    _insert(self.source, table.id, batch)
                self.progress.advance(len(batch))
        account = self.file.account(table.id)
        lost, unlisted = (account.lost, account.unlisted) if account else (0, 0)
        counted = table.table.record_count
        if account is not None and isinstance(self.file, LiveSource):
            counted = account.expected  # people go on working while a server is read
        return {
            **tally.as_json(),
            "source": counted + unlisted,
            "lost": lost,
            "lost_ids": account.lost_ids if account else [],
        }

    def _go_on_after_a_break(
        self, file: LiveSource[Any, Any, Any], table: TableStructure, tally: TableTally
    ) -> None:
        """Count what an earlier attempt has staged, so that the server need not send it again.

        What is older than `RESUMABLE` is read anew: it may have been changed since.
        """
        after, kept = -1, array("q")
        while True:
            with tenant_scope(self.tenant, actor=self.actor):
                staged = self.source.records.filter(table_id=table.id)
                rows = list(staged.filter(record_id__gt=after).order_by("record_id")[:BATCH_ROWS])
                if after < 0 and rows and _made_at(rows[0]) < timezone.now() - RESUMABLE:
                    staged.delete()
                    return
            if not rows:
                break
            for row in rows:
                values = {parse_key(key): text for key, text in row.payload.items()}
                tally.take(Record(row.record_id, row.modification_count, values))
                kept.append(row.record_id)
            after = rows[-1].record_id
            self.progress.advance(len(rows))
        if kept:
            file.keep(table.id, kept)


def _made_at(row: StagedRecord) -> datetime:
    """Answer when a row was made: its id, a UUIDv7, begins with the milliseconds."""
    return datetime.fromtimestamp((row.pk.int >> 80) / 1000, tz=UTC)


def _batches(records: Iterable[Record], tally: TableTally) -> Iterator[list[Row]]:
    batch: list[Row] = []
    weight = 0
    for record in records:
        tally.take(record)
        text = dumped(payload_of(record.values))
        batch.append((record.id, record.modification_count, text))
        weight += len(text)
        if len(batch) >= BATCH_ROWS or weight >= BATCH_BYTES:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _insert(source: ImportSource, table_id: int, rows: list[Row]) -> None:
    """One statement for a batch: COPY is refused under row-level security."""
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                source.pk,
                table_id,
                [uuid7() for _ in rows],
                [record_id for record_id, _, _ in rows],
                [count for _, count, _ in rows],
                SEPARATOR.join(text for _, _, text in rows),
                SEPARATOR,
                [hash_of(text) for _, _, text in rows],
            ],
        )
