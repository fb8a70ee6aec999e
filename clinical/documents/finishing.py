"""What happens to a stored file by itself: it is scanned, and a preview is made."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db.models import Q

from audit.services import record
from clinical.documents import previews
from clinical.documents.models import Document
from clinical.documents.previews import NoPreviewError, preview_of
from clinical.documents.receiving import received
from clinical.documents.scanning import scanner
from tenants.storage import BLOCK, clinic_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from uuid import UUID

    from tenants.storage import Stream

    Scoped = Callable[[], AbstractContextManager[object]]

log = logging.getLogger(__name__)

UNSCANNED = Q(state=Document.State.STORED, scan=Document.Scan.PENDING)
UNSEEN = Q(
    state=Document.State.STORED,
    thumbnail_key="",
    width=None,
    media_type__in=previews.MEDIA_TYPES,
)


def unfinished() -> list[UUID]:
    """Answer the documents that wait for the scanner or for a preview, oldest first."""
    waiting = Document.objects.filter(UNSCANNED | UNSEEN).order_by("id")
    return list(waiting.values_list("pk", flat=True))


def finish(document_id: UUID, *, scope: Scoped) -> None:
    """Scan the file and make its preview. Done twice, the second time finds nothing to do.

    `scope` opens one short transaction of the clinic. Raises ScannerUnavailableError and
    StorageUnavailableError, after which it can be called again.
    """
    _scan(document_id, scope)
    _draw(document_id, scope)


def _scan(document_id: UUID, scope: Scoped) -> None:
    with scope():
        document = Document.objects.filter(UNSCANNED, pk=document_id).first()
        if document is None:
            return
        clamd = scanner()
        if clamd is None or not clamd.takes(document.size or 0):
            document.scan = Document.Scan.NOT_SCANNED
            document.save(update_fields=["scan", "changed_at"])
            return
        stream = _opened(document)
    if stream is None:
        return
    try:
        verdict = clamd.scan(stream)
    finally:
        stream.close()
    with scope():
        same = Document.objects.filter(UNSCANNED, pk=document_id, sha256=document.sha256)
        if not verdict.found:
            same.update(scan=Document.Scan.CLEAN)
        elif same.update(scan=Document.Scan.INFECTED, problem=_infected(verdict.found)):
            record(
                "document.infected",
                object_type="documents_document",
                object_id=str(document_id),
                subject_id=str(document.patient_id or ""),
                result="refused",
                payload={"found": verdict.found},
            )


def _infected(found: str) -> str:
    return (
        f"The virus scanner found “{found}” in this file. It is locked away and cannot be opened. "
        "Ask whoever sent it for a clean copy, and tell whoever looks after your computers."
    )


def _opened(document: Document) -> Stream | None:
    """Open the stored file; where it has gone, say so in the record."""
    try:
        return clinic_storage().stream(document.storage_key)
    except FileNotFoundError:
        document.state = Document.State.MISSING
        document.problem = "The file is no longer in the storage. Restore it from a backup."
        document.save(update_fields=["state", "problem", "changed_at"])
        return None


def _draw(document_id: UUID, scope: Scoped) -> None:
    with scope():
        document = (
            Document.objects.filter(UNSEEN, pk=document_id)
            .exclude(scan__in=[Document.Scan.PENDING, Document.Scan.INFECTED])
            .first()
        )
        stream = _opened(document) if document is not None else None
        if document is None or stream is None:
            return
        try:
            with received(blocks_of(stream), limit=previews.MAX_BYTES) as arrived:
                preview = preview_of(arrived.path, document.media_type)
        except (NoPreviewError, ValueError) as error:
            log.info("no preview of %s: %s", document_id, error)
            document.width = document.height = 0
        else:
            document.width, document.height = preview.width, preview.height
            document.thumbnail_key = _keep(document, preview.jpeg)
        finally:
            stream.close()
        document.save(update_fields=["width", "height", "thumbnail_key", "changed_at"])


def _keep(document: Document, jpeg: bytes) -> str:
    """Store the preview beside its image."""
    key = f"{document.storage_key.rpartition('.')[0]}.preview.jpg"
    storage = clinic_storage()
    if storage.size_or_none(key) != len(jpeg):
        with received([jpeg]) as arrived:
            storage.adopt(arrived.path, key, media_type="image/jpeg")
    return key


def blocks_of(stream: Stream) -> Iterator[bytes]:
    """Read to the end in blocks, and close."""
    try:
        while block := stream.read(BLOCK):
            yield block
    finally:
        stream.close()
