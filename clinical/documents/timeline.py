"""Files on a patient's timeline: documents, single images, and batches of images as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Q

from clinical.documents.rules import visible_batches, visible_documents
from clinical.patients.timeline import Line, Source, dated, start_of_day

if TYPE_CHECKING:
    from typing import Any

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.documents.models import Document
    from clinical.patients.models import Patient

_LOOKS = {"missing": ("warning", "file-unknown"), "refused": ("danger", "ban")}


def _documents(actor: User, patient: Patient) -> QuerySet[Document]:
    rows = visible_documents(actor).filter(patient=patient, batch=None, is_archived=False)
    return dated(rows.defer("extra"), start_of_day("dated_on"))


def _batches(actor: User, patient: Patient) -> QuerySet[Any]:
    rows = visible_batches(actor).filter(patient=patient).defer("extra")
    shown = Count("images", filter=Q(images__is_archived=False))
    return dated(rows.annotate(count=shown), start_of_day("taken_on"))


def _word_document(document: Document) -> Line:
    look = _LOOKS.get(document.state)
    return Line(
        title=document.title or document.file_name or document.get_kind_display(),
        url_name="documents:detail",
        pk=document.pk,
        by=document.category,
        pill=(document.get_state_display(), *look) if look else None,
    )


def _word_batch(batch: Any) -> Line:
    count = f"{batch.count:,} image" + ("" if batch.count == 1 else "s")
    return Line(
        title=batch.name or "Images", url_name="documents:list", pk=batch.patient_id, by=count
    )


SOURCES = (
    Source("documents", "Documents", "file", "documents.view", _documents, _word_document),
    Source("images", "Images", "photo", "documents.view", _batches, _word_batch),
)
