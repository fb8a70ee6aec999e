"""The verbs about files of patients. Who changed which row is recorded by the tables' triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from accounts.permissions import Action, Resource
from audit.services import record
from clinical.documents.models import Document, ImageBatch
from clinical.documents.receiving import MAX_BYTES, Received, TooLargeError, received
from clinical.documents.selectors import orphans as orphans  # noqa: PLC0414 - part of this module's face
from clinical.documents.sniffing import FileType, RefusedFileError, type_of
from clinical.documents.tasks import prepare
from clinical.patients.models import Patient
from clinical.practice.rules import require
from tenants.scope import current_scope
from tenants.storage import StorageUnavailableError, clinic_storage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from accounts.models import User

FIELDS = frozenset({"title", "category", "caption", "dated_on", "kind"})
"""What people may set; the rest is what the file is."""


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


def change_document(document: Document, *, actor: User, fields: Mapping[str, Any]) -> Document:
    """Change what the document is called and where it stands."""
    require(actor, Action.CHANGE, Resource.DOCUMENTS)
    if unknown := set(fields) - FIELDS:
        raise TypeError(f"Not a field that people set: {', '.join(sorted(unknown))}")
    for name, value in fields.items():
        setattr(document, name, value.strip() if isinstance(value, str) else value)
    document.save(update_fields=[*fields, "changed_at"])
    return document


def archive_document(document: Document, *, actor: User) -> Document:
    """Take the document out of the lists. Its file stays; `restore_document` brings it back."""
    require(actor, Action.DELETE, Resource.DOCUMENTS)
    document.is_archived = True
    document.save(update_fields=["is_archived", "changed_at"])
    return document


def restore_document(document: Document, *, actor: User) -> Document:
    """Bring an archived document back into the lists."""
    require(actor, Action.DELETE, Resource.DOCUMENTS)
    document.is_archived = False
    document.save(update_fields=["is_archived", "changed_at"])
    return document


@transaction.atomic
def assign_documents(documents: Sequence[Document], patient: Patient, *, actor: User) -> int:
    """Give files that belong to nobody to a patient; answers how many. Their bytes stay in place.

    A file that somebody else has given to a patient meanwhile stays there.
    """
    require(actor, Action.CHANGE, Resource.DOCUMENTS)
    free = Document.objects.select_for_update().filter(
        pk__in=[document.pk for document in documents], patient=None
    )
    given = list(free)
    for document in given:
        document.patient = patient
        document.save(update_fields=["patient", "changed_at"])
    return len(given)


def batch_of_day(patient: Patient, *, actor: User, name: str, taken_on: date) -> ImageBatch:
    """Answer the patient's batch of that name and day; makes it where there is none yet."""
    require(actor, Action.CREATE, Resource.DOCUMENTS)
    # Several files of one batch arrive at once: the first makes it, the others wait for that.
    Patient.objects.select_for_update(of=("self",)).get(pk=patient.pk)
    batch, _made = ImageBatch.objects.get_or_create(patient=patient, name=name, taken_on=taken_on)
    return batch


def record_reading(document: Document) -> None:
    """Put on record that the actor of the scope looked at the document."""
    _record("view", document)


def record_stack(document: Document, images: int) -> None:
    """Put on record that the images taken with the document were opened beside it."""
    if images > 1:
        record(
            "view",
            object_type=Document._meta.db_table,
            object_id=str(document.pk),
            subject_id=str(document.patient_id or ""),
            payload={"title": document.title or document.file_name, "images": images},
        )


def record_download(document: Document) -> None:
    """Put on record that the actor of the scope took the file along."""
    _record("export", document)


def _record(action: str, document: Document) -> None:
    record(
        action,
        object_type=Document._meta.db_table,
        object_id=str(document.pk),
        subject_id=str(document.patient_id or ""),
        payload={"title": document.title or document.file_name},
    )


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
