"""The verbs about files of patients. Who changed which row is recorded by the tables' triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from clinical.documents.models import Document
from clinical.documents.receiving import MAX_BYTES, Received, TooLargeError, received
from clinical.documents.sniffing import FileType, RefusedFileError, type_of
from clinical.documents.tasks import prepare
from tenants.scope import current_scope
from tenants.storage import StorageUnavailableError, clinic_storage

if TYPE_CHECKING:
    from collections.abc import Iterable


def store_file(
    document: Document,
    chunks: Iterable[bytes],
    *,
    actor: object,  # noqa: ARG001 - the scope's own actor is what the triggers record
    follow_up: bool = True,
) -> Document:
    """Store the bytes of a document; answers it as it is then.

    `stored`: the bytes lie under `storage_key`. `refused`: they are of a kind that is not kept,
    `problem` says why; nothing was stored. `awaiting`: the storage did not take them, `problem`
    says why and trying again helps. A document that had a file before keeps it in the last two
    cases. The same bytes are not written again to where they are already.

    Needs the clinic's scope. Memory is bounded whatever the size. Whatever `chunks` raises passes
    through with nothing stored. Scanning and previews follow in the background; who stores many
    files passes `follow_up=False` and calls `documents.tasks.prepare_pending.delay()` at the end.
    """
    try:
        with received(chunks, limit=MAX_BYTES) as arrived:
            _keep(document, arrived, type_of(arrived.path, name=document.file_name))
    except (RefusedFileError, TooLargeError) as refusal:
        _settle(document, Document.State.REFUSED, str(refusal))
    except StorageUnavailableError as error:
        _settle(document, Document.State.AWAITING, str(error))
    else:
        if follow_up:
            _follow_up(document)
    return document


def key_for(document: Document, sha256: str, extension: str) -> str:
    """Name the place of a document's bytes. A document without a patient has a place of its own."""
    folder = f"patients/{document.patient_id}" if document.patient_id else "unlinked"
    return f"{folder}/{sha256}.{extension}"


def _keep(document: Document, arrived: Received, found: FileType) -> None:
    storage = clinic_storage()
    is_same = document.storage_key != "" and document.sha256 == arrived.sha256
    key = document.storage_key if is_same else key_for(document, arrived.sha256, found.extension)
    if storage.size_or_none(key) != arrived.size:
        storage.adopt(arrived.path, key, media_type=found.media_type)
    if is_same and document.state == Document.State.STORED:
        return
    document.storage_key, document.sha256, document.size = key, arrived.sha256, arrived.size
    document.media_type = found.media_type
    document.state, document.problem = Document.State.STORED, ""
    document.width = document.height = None
    document.thumbnail_key = ""
    document.scan = Document.Scan.PENDING if settings.CLAMD_URL else Document.Scan.NOT_SCANNED
    document.save(
        update_fields=[
            "storage_key",
            "sha256",
            "size",
            "media_type",
            "state",
            "problem",
            "width",
            "height",
            "thumbnail_key",
            "scan",
            "changed_at",
        ]
    )


def _settle(document: Document, state: Document.State, problem: str) -> None:
    """Say why no file came, unless the document has one already."""
    if document.state == Document.State.STORED:
        document.problem = f"A newer file did not come: {problem}"
    else:
        document.state, document.problem = state, problem
    document.save(update_fields=["state", "problem", "changed_at"])


def _follow_up(document: Document) -> None:
    document_id = str(document.pk)
    transaction.on_commit(
        lambda: prepare.delay(document_id), using=current_scope().alias, robust=True
    )
