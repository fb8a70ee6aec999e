"""Files in container fields that no target takes: a patient's photo, a scan in a note.

Each becomes a document of the record's patient, so that no file stays behind with the old system. They
are known again by the cell they came from, which their `FileTask` remembers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from onboarding.filemaker.sources import ContainerRef
from onboarding.imports.loading.building import FileCell
from onboarding.imports.mapping import LEAVE
from onboarding.imports.models import FileTask
from onboarding.imports.payload import parse_key
from tenants.ids import uuid7

if TYPE_CHECKING:
    import uuid

    from onboarding.imports.loading.file_tasks import FileTasks
    from onboarding.imports.loading.writing import Where, Writer
    from onboarding.imports.mapping import TableRule
    from onboarding.imports.models import StagedRecord
    from onboarding.imports.structure import TableStructure


@dataclass(frozen=True, slots=True)
class _Holder:
    """A record that holds files, the patient they are of, and whether it changed since last time."""

    staged: StagedRecord
    patient_id: str
    changed: bool


class Attachments:
    """Collects the files of a batch of records and writes their documents in one statement."""

    def __init__(self, source_key: str, writer: Writer, files: FileTasks) -> None:
        self._source_key, self._writer, self._files = source_key, writer, files
        self._labels: dict[int, str] = {}
        self._own: set[int] = set()
        self._holders: list[_Holder] = []

    def begin_table(self, table: TableStructure, rule: TableRule) -> None:
        left = {r.field_id for r in rule.fields if r.to == LEAVE}
        self._own = {r.field_id for r in rule.to("file")}
        self._labels = {
            field.id: f"{table.name}: {field.name}"
            for field in table.record_fields
            if field.type == "container" and field.id not in left
        }

    def want(self, staged: StagedRecord, patient_id: object, *, changed: bool = False) -> None:
        """Take the record's files for documents of this patient; without one they stay text."""
        if self._labels and patient_id is not None and self._cells(staged):
            self._holders.append(_Holder(staged, str(patient_id), changed))

    def _cells(self, staged: StagedRecord) -> list[FileCell]:
        cells = []
        for key, text in staged.payload.items():
            field_id, repetition = parse_key(key)
            is_own = field_id in self._own and repetition == 1
            if field_id in self._labels and not is_own and text.strip():
                cells.append(FileCell(field_id, text))
        return cells

    def write(self) -> None:
        holders, self._holders = self._holders, []
        if not holders:
            return
        known = self._known(holders)
        rows: list[dict[str, object]] = []
        places: list[Where] = []
        for holder in holders:
            place = (holder.staged.table_id, holder.staged.record_id)
            for file in self._cells(holder.staged):
                document = known.get((holder.staged.record_id, file.field_id, file.cell))
                if document is None:
                    document = uuid7()
                    rows.append(self._document(document, holder.patient_id, file))
                    places.append(place)
                elif not holder.changed:
                    continue
                self._files.want_cell(document, holder.staged, file)
        self._writer.insert("document", rows, places)

    def _known(self, holders: list[_Holder]) -> dict[tuple[int, int, str], uuid.UUID]:
        tasks = FileTask.objects.filter(
            run__source__key=self._source_key,
            table_id=holders[0].staged.table_id,
            record_id__in=[holder.staged.record_id for holder in holders],
        )
        columns = ("record_id", "field_id", "cell", "document_id")
        return {
            (record_id, field_id, cell): document_id
            for record_id, field_id, cell, document_id in tasks.values_list(*columns)
        }

    def _document(
        self, document_id: uuid.UUID, patient_id: str, file: FileCell
    ) -> dict[str, object]:
        label = self._labels[file.field_id]
        return {
            "id": document_id,
            "kind": "document",
            "patient_id": patient_id,
            "title": label,
            "category": "From the old system",
            "external_path": "\n".join(ContainerRef.from_cell(file.cell).paths),
            "state": "awaiting",
        }
