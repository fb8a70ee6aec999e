"""Which files a run is to bring into storage: those that are new, changed, or still not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from clinical.documents.models import Document
from onboarding.imports.loading.building import FileCell
from onboarding.imports.payload import key_of
from onboarding.imports.targets import DOCUMENT, IMAGE
from tenants.ids import uuid7

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence

    from onboarding.imports.loading.building import Built
    from onboarding.imports.mapping import TableRule
    from onboarding.imports.models import ImportLink, ImportRun, StagedRecord

FILES = frozenset({DOCUMENT, IMAGE})

_ASK = """
INSERT INTO imports_filetask
    (id, run_id, document_id, table_id, record_id, field_id, cell, state, reason, attempts)
SELECT t.id, %s, t.document_id, t.table_id, t.record_id, t.field_id, t.cell, 'waiting', '', 0
FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::bigint[], %s::int[], %s::text[])
    AS t (id, document_id, table_id, record_id, field_id, cell)
ON CONFLICT (document_id) DO UPDATE SET
    run_id = excluded.run_id, table_id = excluded.table_id, record_id = excluded.record_id,
    field_id = excluded.field_id, cell = excluded.cell, state = 'waiting', reason = '', attempts = 0
"""


class FileTasks:
    """Asks for the files of one run; set-based, a batch of records at a time."""

    def __init__(self, run: ImportRun) -> None:
        self._run = run
        self.asked = 0
        self._wanted: list[tuple[uuid.UUID, StagedRecord, FileCell]] = []

    def want(self, document_id: uuid.UUID, staged: StagedRecord, built: Built) -> None:
        if built.file is not None:
            self._wanted.append((document_id, staged, built.file))

    def want_cell(self, document_id: uuid.UUID, staged: StagedRecord, file: FileCell) -> None:
        self._wanted.append((document_id, staged, file))

    def want_if_changed(
        self, document_id: uuid.UUID, staged: StagedRecord, link: ImportLink, built: Built
    ) -> None:
        """Ask for the file of a known record anew where its cell or its count of changes is another."""
        if built.file is None:
            return
        key = key_of(built.file.field_id)
        is_another = link.modification_count != staged.modification_count
        if is_another or link.raw.get(key) != staged.payload.get(key):
            self._wanted.append((document_id, staged, built.file))

    def want_what_is_missing(
        self, rule: TableRule, unchanged: Sequence[tuple[StagedRecord, uuid.UUID]]
    ) -> None:
        """Ask again for files of unchanged records that are not in storage: this time they may be."""
        cells = [r.field_id for r in (*rule.to("file"), *rule.to("external_path"))]
        waiting = set(
            Document.objects.filter(
                pk__in=[document_id for _, document_id in unchanged],
                state__in=[Document.State.AWAITING, Document.State.MISSING],
            ).values_list("pk", flat=True)
        )
        for staged, document_id in unchanged:
            if document_id not in waiting:
                continue
            for field_id in cells:
                if cell := staged.payload.get(key_of(field_id)):
                    self._wanted.append((document_id, staged, FileCell(field_id, cell)))
                    break

    def write(self) -> None:
        """Write what was asked for since the last call."""
        wanted, self._wanted = _last_of_each(self._wanted), []
        if not wanted:
            return
        self.asked += len(wanted)
        ids = [document_id for document_id, _, _ in wanted]
        with connection.cursor() as cursor:
            cursor.execute(
                _ASK,
                [
                    self._run.pk,
                    [uuid7() for _ in wanted],
                    ids,
                    [staged.table_id for _, staged, _ in wanted],
                    [staged.record_id for _, staged, _ in wanted],
                    [file.field_id for _, _, file in wanted],
                    [file.cell for _, _, file in wanted],
                ],
            )


def _last_of_each(
    wanted: Iterable[tuple[uuid.UUID, StagedRecord, FileCell]],
) -> list[tuple[uuid.UUID, StagedRecord, FileCell]]:
    return list(
        {document_id: (document_id, staged, file) for document_id, staged, file in wanted}.values()
    )
