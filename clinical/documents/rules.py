"""Which files somebody may see, and which a browser may show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from accounts.permissions import Action, Reach, Resource, may, reach_of
from clinical.documents.models import Document, ImageBatch
from clinical.documents.sniffing import DICOM, INLINE_IMAGES, INLINE_PDF

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from accounts.models import User


_closed: dict[str, Callable[[], QuerySet[Any, Any]]] = {}


def close_off(permission: str, ids: Callable[[], QuerySet[Any, Any]]) -> None:
    """Hide the files whose ids `ids` answers from whoever lacks the permission (`results.view`).

    They have a work list of their own, so they do not stand among the unlinked files either.
    """
    _closed[permission] = ids


def own_work_list() -> Q:
    """Answer the condition for files that stand on a work list of their own."""
    found = Q(pk__in=[])
    for ids in _closed.values():
        found |= Q(pk__in=ids())
    return found


def sees_files(actor: User) -> bool:
    return reach_of(actor, Action.VIEW, Resource.DOCUMENTS) is Reach.ALL


def visible_documents(actor: User) -> QuerySet[Document]:
    """All of the clinic's, the archived ones too, or none at all."""
    if not sees_files(actor):
        return Document.objects.none()
    documents = Document.objects.all()
    for permission, ids in _closed.items():
        if not may(actor, permission):
            documents = documents.exclude(pk__in=ids())
    return documents


def visible_batches(actor: User) -> QuerySet[ImageBatch]:
    return ImageBatch.objects.all() if sees_files(actor) else ImageBatch.objects.none()


def is_servable(document: Document) -> bool:
    """Answer whether its bytes are here and nothing speaks against handing them out."""
    return document.state == Document.State.STORED and document.scan in {
        Document.Scan.CLEAN,
        Document.Scan.NOT_SCANNED,
    }


def shows_as(document: Document) -> str:
    """Answer how a page shows it: `image`, `pdf`, `dicom`, or `` for a file to be downloaded."""
    if document.media_type in INLINE_IMAGES:
        return "image"
    return {INLINE_PDF: "pdf", DICOM: "dicom"}.get(document.media_type, "")
