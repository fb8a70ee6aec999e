"""Documents, image batches and images: the rows; their files are brought afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.documents.models import Document
from onboarding.filemaker.sources import ContainerRef
from onboarding.imports.loading.building.base import (
    STAMPS_ONLY,
    Built,
    FileCell,
    Refused,
    iso,
    known,
    notes_on,
    patient_of,
    practitioner_of,
)
from onboarding.imports.targets import IMAGE_BATCH
from onboarding.imports.values.issues import Issue
from onboarding.imports.values.text import one_line

if TYPE_CHECKING:
    from onboarding.imports.loading.building.base import Columns, Workshop
    from onboarding.imports.loading.reading import ReadRecord

NO_FILE = "The record in the old system holds no file."


def build_document(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build a document; one of a patient who is not here comes without patient, never not at all."""
    if not record.has("file", "file_name", "external_path", "title"):
        return STAMPS_ONLY
    main = _file(record, shop, Document.Kind.DOCUMENT)
    return Built(main, file=_cell(record), at_first=_at_first(record))


def build_image(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build an image in its batch: that of its table, or all images of one number and patient."""
    if not record.has("file", "file_name", "external_path", "title", "caption"):
        return STAMPS_ONLY
    main = _file(record, shop, Document.Kind.IMAGE)
    main["caption"] = record.text("caption")
    main["batch_id"] = _batch(record, shop, main)
    main["source_note"] = notes_on(record)
    return Built(main, file=_cell(record), at_first=_at_first(record))


def _file(record: ReadRecord, shop: Workshop, kind: Document.Kind) -> Columns:
    patient = patient_of(record, shop, None)
    if isinstance(patient, str):
        record.note("patient", Issue("unlinked", f"{patient} Kept without patient."))
        for value in record.values.get("patient", ()):
            record.extra.setdefault(value.label, str(value.value))
    practitioner, name = practitioner_of(record, shop)
    if name:
        record.extra.setdefault(record.values["practitioner"][0].label, name)
    for value in record.values.get("exported_on", ()):
        record.extra.setdefault(value.label, value.value)
    return {
        "kind": str(kind),
        "patient_id": None if isinstance(patient, str) else str(patient),
        "practitioner_id": practitioner,
        "category": record.text("category"),
        "title": record.text("title"),
        "file_name": record.text("file_name") or _name_of(record),
        "dated_on": iso(record.first("dated_on")),
        "external_path": _path(record),
        "source_note": notes_on(record),
        "extra": record.extra,
    }


def _cell(record: ReadRecord) -> FileCell | None:
    found = record.values.get("file")
    if found:
        return FileCell(found[0].rule.field_id, found[0].value)
    path = record.values.get("external_path")
    return FileCell(path[0].rule.field_id, path[0].value) if path else None


def _at_first(record: ReadRecord) -> Columns:
    if _cell(record) is None:
        return {"state": str(Document.State.MISSING), "problem": NO_FILE}
    return {"state": str(Document.State.AWAITING)}


def _path(record: ReadRecord) -> str:
    """Where the old system says the file lies: a field of its own, or a container that refers."""
    said = record.text("external_path")
    if said or not record.has("file"):
        return said
    return "\n".join(ContainerRef.from_cell(record.first("file")).paths)


def _name_of(record: ReadRecord) -> str:
    """The file's name where only its path is known."""
    path = _path(record)
    first = path.split("\n", maxsplit=1)[0].replace("\\", "/").rstrip("/")
    return one_line(first.rsplit("/", maxsplit=1)[-1].rsplit(":", maxsplit=1)[-1]) if path else ""


def _batch(record: ReadRecord, shop: Workshop, main: Columns) -> str | None:
    if record.has("batch"):
        return known(record, shop, "batch", IMAGE_BATCH)
    key = record.text("batch_key") or record.text("batch_name")
    if not key:
        return None
    columns = {
        "patient_id": main["patient_id"],
        "name": record.text("batch_name") or f"Images {key}",
        "taken_on": main["dated_on"],
    }
    return str(shop.batches.batch_of(key, main["patient_id"], columns))


def build_image_batch(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build a batch from a table of batches; one of an unknown patient comes without patient."""
    if not record.has("name", "taken_on", "patient"):
        return STAMPS_ONLY
    patient = patient_of(record, shop, None)
    if isinstance(patient, str):
        record.note("patient", Issue("unlinked", f"{patient} Kept without patient."))
        for value in record.values.get("patient", ()):
            record.extra.setdefault(value.label, str(value.value))
    main = {
        "patient_id": None if isinstance(patient, str) else str(patient),
        "name": record.text("name"),
        "taken_on": iso(record.first("taken_on")),
        "source_note": notes_on(record),
        "extra": record.extra,
    }
    return Built(main)
