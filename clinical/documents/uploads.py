"""Files on their way from a browser: part by part, to be gone on with after an interruption."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.permissions import Action, Resource
from clinical.documents.finishing import blocks_of
from clinical.documents.leftovers import discard_upload, path_of
from clinical.documents.models import Document, ImageBatch, Upload
from clinical.documents.receiving import MAX_BYTES
from clinical.documents.services import store_file
from clinical.documents.sniffing import is_picture
from clinical.practice.limits import words_against_storing
from clinical.practice.rules import require
from ui.uploads import DamagedPartError, TooLargeUploadError, UploadError, shown_name

if TYPE_CHECKING:
    from pathlib import Path

    from accounts.models import User
    from clinical.patients.models import Patient
    from ui.uploads import Part, Stream


class RefusedUploadError(UploadError):
    """The file is of a kind that is not kept."""

    status = 422


def start_upload(
    patient: Patient,
    *,
    actor: User,
    name: str,
    size: int,
    kind: Document.Kind,
    category: str = "",
    batch: ImageBatch | None = None,
) -> Upload:
    """Open an upload of `size` bytes for a patient."""
    require(actor, Action.CREATE, Resource.DOCUMENTS)
    if size <= 0:
        raise RefusedUploadError("The file is empty (0 bytes). Save it again and choose the copy.")
    if size > MAX_BYTES:
        raise TooLargeUploadError(
            f"The file has {size / 1e9:.1f} GB; up to {MAX_BYTES / 1e9:.1f} GB can come."
        )
    if words := words_against_storing(size):
        raise RefusedUploadError(words)
    return Upload.objects.create(
        patient=patient,
        kind=kind,
        category=category.strip(),
        batch=batch,
        file_name=shown_name(name),
        size=size,
        started_by=str(actor.pk),
    )


def append_part(upload: Upload, part: Part, stream: Stream, *, actor: User) -> Upload:
    """Add one part at the file's end; with the last one the document is made.

    Raises RefusedUploadError where the file is of a kind that is not kept: it is deleted then, so
    the caller must not roll back. After every other error the upload can be gone on with.
    """
    require(actor, Action.CREATE, Resource.DOCUMENTS)
    upload = Upload.objects.select_for_update().get(pk=upload.pk)
    if upload.document_id is not None:
        return upload
    part.check(size=upload.size, received=upload.received)
    try:
        _write(path_of(upload), upload.received, part, stream)
    except OSError as error:
        raise DamagedPartError(
            f"The server could not keep this part ({error.strerror or 'its disk is away'})."
        ) from error
    upload.received = part.end + 1
    upload.save(update_fields=["received"])
    return finish_upload(upload, actor=actor) if upload.received == upload.size else upload


def finish_upload(upload: Upload, *, actor: User) -> Upload:
    """Make the document of a file that has arrived as a whole."""
    path = path_of(upload)
    document = Document.objects.create(
        pk=upload.pk,  # so that files stand in the order they were chosen in
        patient=upload.patient,
        batch=upload.batch,
        kind=upload.kind,
        category=upload.category,
        title=_title_of(upload.file_name),
        file_name=upload.file_name,
        dated_on=timezone.localdate(),
    )
    try:
        store_file(document, blocks_of(path.open("rb")), actor=actor)
    except FileNotFoundError as error:
        document.delete()
        upload.delete()
        raise UploadError("The server has lost this upload. Choose the file again.") from error
    if document.state != Document.State.STORED:
        problem = document.problem
        document.delete()
        if document.state == Document.State.AWAITING:
            raise DamagedPartError(problem)
        discard_upload(upload)
        raise RefusedUploadError(problem)
    if document.kind == Document.Kind.IMAGE and not is_picture(document.media_type):
        document.kind, document.batch = Document.Kind.DOCUMENT, None
        document.save(update_fields=["kind", "batch"])
    upload.document = document
    upload.save(update_fields=["document"])
    path.unlink(missing_ok=True)
    return upload


def _title_of(file_name: str) -> str:
    stem, dot, ending = file_name.rpartition(".")
    return (stem if dot and len(ending) <= 5 else file_name).replace("_", " ").strip()  # noqa: PLR2004 - .docx


def _write(path: Path, offset: int, part: Part, stream: Stream) -> None:
    """Write the part at `offset`, cutting off what an earlier crash may have left."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        file.truncate(offset)
        file.seek(offset)
        try:
            for block in part.blocks(stream):
                file.write(block)
        except DamagedPartError:
            file.truncate(offset)
            raise
