"""Image batches that are no records of the old system: images with one number are one batch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import connection

from onboarding.imports.loading.keys import key_text
from onboarding.imports.targets import IMAGE, IMAGE_BATCH
from tenants.ids import uuid7

if TYPE_CHECKING:
    import uuid

    from onboarding.imports.loading.writing import Writer
    from onboarding.imports.mapping import TableRule
    from onboarding.imports.models import ImportSource
    from onboarding.imports.structure import TableStructure

_Key = tuple[str, str | None]
"""The batch's number in the old system, and the patient's id: a batch is of one patient."""

_KNOWN = """
SELECT b.id, b.patient_id, b.extra FROM documents_imagebatch AS b
WHERE b.id IN (
    SELECT d.batch_id FROM imports_importlink AS l JOIN documents_document AS d ON d.id = l.target_id
    WHERE l.source_key = %s AND l.table_id = %s)
"""


class Batches:
    """Hands out the batch an image belongs to; new ones are written in sets before the images."""

    def __init__(self, source: ImportSource, writer: Writer) -> None:
        self._source, self._writer = source, writer
        self._known: dict[_Key, uuid.UUID] = {}
        self._fresh: list[dict[str, Any]] = []
        self._label = ""
        self.made = 0

    def begin_table(self, table: TableStructure, rule: TableRule) -> None:
        """Recall the batches that earlier imports made of this table's images."""
        self._known.clear()
        numbered = rule.to("batch_key") or rule.to("batch_name")
        if rule.entity != IMAGE or not numbered:
            return
        field = table.field(numbered[0].field_id)
        self._label = field.name if field else "Batch"
        with connection.cursor() as cursor:
            cursor.execute(_KNOWN, [self._source.key, table.id])
            for batch_id, patient_id, extra in cursor.fetchall():
                number = _as_dict(extra).get(self._label)
                if number is not None:
                    self._known[key_text(number), _text(patient_id)] = batch_id

    def batch_of(self, number: str, patient_id: str | None, columns: dict[str, Any]) -> uuid.UUID:
        """Answer the batch with this number; it is made, with `columns`, where there is none."""
        key = (key_text(number), patient_id)
        if key not in self._known:
            self._known[key] = uuid7()
            self._fresh.append({**columns, "id": self._known[key], "extra": {self._label: number}})
        return self._known[key]

    def write(self) -> None:
        """Write the batches that are new since the last call."""
        rows, self._fresh = self._fresh, []
        self.made += len(rows)
        self._writer.insert(IMAGE_BATCH, rows, [(None, None)] * len(rows))


def _as_dict(kept: Any) -> dict[str, Any]:
    return json.loads(kept) if isinstance(kept, str) else kept or {}


def _text(value: Any) -> str | None:
    return str(value) if value is not None else None
