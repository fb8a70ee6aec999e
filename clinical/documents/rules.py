"""Which files somebody may see, and which a browser may show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import Action, Reach, Resource, reach_of
from clinical.documents.models import Document, ImageBatch
from clinical.documents.sniffing import INLINE_IMAGES, INLINE_PDF

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User


def sees_files(actor: User) -> bool:
    return reach_of(actor, Action.VIEW, Resource.DOCUMENTS) is Reach.ALL


def visible_documents(actor: User) -> QuerySet[Document]:
    """All of the clinic's, the archived ones too, or none at all."""
    return Document.objects.all() if sees_files(actor) else Document.objects.none()


def visible_batches(actor: User) -> QuerySet[ImageBatch]:
    return ImageBatch.objects.all() if sees_files(actor) else ImageBatch.objects.none()


def is_servable(document: Document) -> bool:
    """Answer whether its bytes are here and nothing speaks against handing them out."""
    return document.state == Document.State.STORED and document.scan in {
        Document.Scan.CLEAN,
        Document.Scan.NOT_SCANNED,
    }


def shows_as(document: Document) -> str:
    """Answer how a page shows it: `image`, `pdf`, or `` for a file to be downloaded."""
    if document.media_type in INLINE_IMAGES:
        return "image"
    return "pdf" if document.media_type == INLINE_PDF else ""
