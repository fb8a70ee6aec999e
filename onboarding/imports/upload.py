"""A file on its way in: part by part to the clinic's own folder, never as a whole in memory."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from django.core.files.storage import default_storage
from django.db import transaction

from onboarding.filemaker.exports.detect import judge_start
from onboarding.filemaker.fmp.errors import FileMakerFileError
from onboarding.filemaker.fmp.header import SECTOR_SIZE
from onboarding.imports.models import ImportSource
from tenants.ids import uuid7

if TYPE_CHECKING:
    import uuid

    from tenants.scope import Actor

MAX_BYTES = 4 * 1024**3
MAX_PART = 8 * 1024**2
RESERVE = 512 * 1024**2
"""Left free on the disk whatever is uploaded: the database stands on it too."""
BLOCK = 256 * 1024
NAME_LENGTH = 255


class UploadError(Exception):
    """The upload cannot go on; `status` is what HTTP calls it, the text is for a person."""

    status = 400


class TooLargeError(UploadError):
    status = 413


class NoRoomError(UploadError):
    status = 507


class WrongOffsetError(UploadError):
    """The part does not start where the file ends; `offset` says where that is."""

    status = 409

    def __init__(self, offset: int) -> None:
        super().__init__(f"{offset} bytes have arrived: send the part that starts there.")
        self.offset = offset


class DamagedPartError(UploadError):
    """The part is not what was sent; it can be sent again."""

    status = 503


class UploadClosedError(UploadError):
    status = 410


class RefusedFileError(UploadError):
    """It is not a file we can read; seen from its first 4 KB."""

    status = 422

    def __init__(self, error: FileMakerFileError) -> None:
        super().__init__(f"{error.message} {error.remedy}")
        self.error = error


class Stream(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `start` to `end` (inclusive) of a file of `total` bytes, as Content-Range says."""

    start: int
    end: int
    total: int
    digest: str = ""

    @property
    def length(self) -> int:
        return self.end - self.start + 1


def path_of(source: ImportSource) -> Path:
    """Where the file lies; needs the clinic's scope. Never named after what the person called it."""
    return Path(default_storage.path(source.storage_key))


def shown_name(name: str) -> str:
    """Answer what the file is called, without folders and what would hide or reorder its letters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip()
    return shown[-NAME_LENGTH:] or "file"


def start_upload(*, name: str, size: int, actor: Actor) -> ImportSource:
    """Open an upload of `size` bytes, if it may come and there is room."""
    if size <= 0:
        raise UploadError("The file is empty (0 bytes). Copy it again and choose the copy.")
    if size > MAX_BYTES:
        raise TooLargeError(
            f"The file has {size / 1e9:.1f} GB; up to {MAX_BYTES / 1e9:.1f} GB can come."
        )
    upload_id = uuid7()
    source = ImportSource(
        id=upload_id,
        file_name=shown_name(name),
        storage_key=f"imports/{upload_id.hex}.part",
        size=size,
        uploaded_by=actor.label,
    )
    check_room(size)
    path_of(source).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    source.save()
    return source


def check_room(size: int) -> None:
    """Raise NoRoomError unless the disk can take this and all uploads already under way."""
    folder = Path(default_storage.path("imports"))
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    open_uploads = ImportSource.objects.filter(state=ImportSource.State.RECEIVING)
    coming = sum(row.size - row.received for row in open_uploads.only("size", "received"))
    if free - coming - size < RESERVE:
        raise NoRoomError(
            f"There is not enough room on the server: the file needs {size / 1e9:.2f} GB, "
            f"{max(free - coming - RESERVE, 0) / 1e9:.2f} GB are free. Ask your administrator "
            "for more, or delete uploads that are no longer needed."
        )


def append_part(source_id: uuid.UUID, part: Part, stream: Stream) -> ImportSource:
    """Add one part at the file's end. The first part shows whether this is a file we can read.

    A refused file is deleted and remembered as refused before RefusedFileError is raised, so the
    caller must not roll back on it.
    """
    source = ImportSource.objects.select_for_update().get(pk=source_id)
    _check_part(source, part)
    path = path_of(source)
    try:
        start = _write(path, source.received, part, stream)
    except OSError as error:
        raise NoRoomError(
            f"The server could not store this part ({error.strerror}). "
            "What has arrived stays; try again later."
        ) from error
    if source.received == 0:
        try:
            judge_start(start, source.size)
        except FileMakerFileError as error:
            _refuse(source, error)
            raise RefusedFileError(error) from error
    source.received = part.end + 1
    if source.received == source.size:
        source.state = ImportSource.State.RECEIVED
    source.save(update_fields=["received", "state"])
    return source


def _check_part(source: ImportSource, part: Part) -> None:
    if source.state != ImportSource.State.RECEIVING:
        raise UploadClosedError(source.problem or "This upload has ended. Choose the file again.")
    if part.total != source.size:
        raise UploadError("The file has changed since the upload began. Choose it again.")
    if part.length > MAX_PART:
        raise TooLargeError(f"A part has at most {MAX_PART} bytes.")
    if part.start != source.received:
        raise WrongOffsetError(source.received)
    least = min(SECTOR_SIZE, source.size)
    if part.start == 0 and part.length < least:
        raise UploadError(f"The first part has at least {least} bytes.")
    if part.length <= 0 or part.end >= source.size:
        raise UploadError("The part lies outside the file.")


def _write(path: Path, offset: int, part: Part, stream: Stream) -> bytes:
    """Write the part at `offset`, cutting off what an earlier crash may have left; answer its start."""
    digest, left, start = hashlib.sha256(), part.length, b""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        file.truncate(offset)
        file.seek(offset)
        while left:
            block = stream.read(min(BLOCK, left))
            if not block:
                file.truncate(offset)
                raise DamagedPartError("The part broke off on the way. It is sent again.")
            start = start or block[:SECTOR_SIZE]
            digest.update(block)
            file.write(block)
            left -= len(block)
        if part.digest and part.digest != _digest_text(digest.digest()):
            file.truncate(offset)
            raise DamagedPartError("The part was damaged on the way. It is sent again.")
        file.flush()
        os.fsync(file.fileno())
    return start


def _digest_text(digest: bytes) -> str:
    """As RFC 9530 writes a Content-Digest."""
    return f"sha-256=:{base64.b64encode(digest).decode()}:"


def _refuse(source: ImportSource, error: FileMakerFileError) -> None:
    path_of(source).unlink(missing_ok=True)
    source.state = ImportSource.State.REFUSED
    source.problem = f"{error.message} {error.remedy}"
    source.save(update_fields=["state", "problem"])


def receive_file(path: Path, *, actor: Actor) -> ImportSource:
    """Take a file that already lies on the server's own disk, for the command line and the demo."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(SECTOR_SIZE)
        judge_start(start, size)
        source = start_upload(name=path.name, size=size, actor=actor)
        file.seek(0)
        digest = hashlib.sha256()
        descriptor = os.open(path_of(source), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as kept:
            while block := file.read(BLOCK):
                digest.update(block)
                kept.write(block)
    source.received, source.sha256 = size, digest.hexdigest()
    source.state = ImportSource.State.RECEIVED
    source.save(update_fields=["received", "sha256", "state"])
    return source


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@transaction.atomic
def discard_upload(source: ImportSource) -> None:
    """Delete the file and what was staged from it; what was loaded from it stays."""
    source.records.all().delete()
    path = path_of(source)
    if source.runs.exists():
        source.state = ImportSource.State.DISCARDED
        source.save(update_fields=["state"])
    else:
        source.delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))
