"""Files that come with a post: taken in, sniffed, stored, scanned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from clinical.documents.receiving import TooLargeError, received
from clinical.documents.scanning import scanner
from clinical.documents.sniffing import RefusedFileError, type_of
from clinical.threads.models import Attachment
from tenants.ids import uuid7
from tenants.storage import StorageUnavailableError, clinic_storage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.core.files.uploadedfile import UploadedFile

    from clinical.threads.models import Post

MOST_FILES = 8
MOST_BYTES = 25 * 1024**2
LONGEST_NAME = 200


class AttachmentError(ValueError):
    """A file cannot be taken; the message is for a person."""


def attach(post: Post, files: Sequence[UploadedFile[Any]], *, at: datetime) -> list[Attachment]:
    """Store the files with the post; raises AttachmentError, with which nothing is written."""
    if len(files) > MOST_FILES:
        raise AttachmentError(f"At most {MOST_FILES} files go with one message.")
    return [_stored(post, file, at=at) for file in files]


def _stored(post: Post, file: UploadedFile[Any], *, at: datetime) -> Attachment:
    name = (file.name or "file")[:LONGEST_NAME]
    try:
        with received(file.chunks(), limit=MOST_BYTES) as arrived:
            kind = type_of(arrived.path, name=name)
            key = f"threads/{uuid7().hex}.{kind.extension}"
            sha256, size = arrived.sha256, arrived.size
            clinic_storage().adopt(arrived.path, key, media_type=kind.media_type)
    except TooLargeError as error:
        most = MOST_BYTES // 1024**2
        raise AttachmentError(f"“{name}” is larger than {most} MB.") from error
    except (RefusedFileError, StorageUnavailableError) as error:
        raise AttachmentError(f"“{name}”: {error}") from error
    return Attachment.objects.create(
        post=post,
        file_name=name,
        media_type=kind.media_type,
        size=size,
        sha256=sha256,
        storage_key=key,
        scan=Attachment.Scan.PENDING if settings.CLAMD_URL else Attachment.Scan.NOT_SCANNED,
        created_at=at,
    )


def scan(attachment: Attachment) -> None:
    """Show a file to the virus scanner; raises ScannerUnavailableError, then it may be tried again."""
    if attachment.scan != Attachment.Scan.PENDING:
        return
    clamd = scanner()
    verdict = Attachment.Scan.NOT_SCANNED
    if clamd is not None and clamd.takes(attachment.size):
        stream = clinic_storage().stream(attachment.storage_key)
        try:
            found = clamd.scan(stream).found
        finally:
            stream.close()
        verdict = Attachment.Scan.INFECTED if found else Attachment.Scan.CLEAN
    Attachment.objects.filter(pk=attachment.pk, scan=Attachment.Scan.PENDING).update(scan=verdict)
