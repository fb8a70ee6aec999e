"""A file on its way in: part by part to the clinic's own folder, sealed, never as a whole in memory.

It comes as the one file of a source, or as a file of a bundle; both are taken in by the same steps.
"""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from django.db import transaction

from onboarding.filemaker.exports.detect import judge_start
from onboarding.filemaker.fmp.errors import FileMakerFileError, ZipArchiveError
from onboarding.filemaker.fmp.header import SECTOR_SIZE
from onboarding.imports.models import ImportSource, SourceFile
from onboarding.imports.upload_parts import RESERVE, delete_parts, folder_of, keep_part
from tenants.ids import uuid7
from tenants.storage import work_dir
from tenants.vault import VaultError
from ui.uploads import MAX_PART, Part, TooLargeUploadError, UploadError, shown_name

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator
    from pathlib import Path

    from tenants.scope import Actor
    from ui.uploads import Stream

    Incoming = ImportSource | SourceFile

MAX_BYTES = 4 * 1024**3


class NoRoomError(UploadError):
    status = 507


class SealingError(UploadError):
    """The server cannot encrypt what arrives, so it does not take it."""

    status = 500


class UploadClosedError(UploadError):
    status = 410


class RefusedFileError(UploadError):
    """It is not a file we can read; seen from its first 4 KB."""

    status = 422

    def __init__(self, error: FileMakerFileError) -> None:
        super().__init__(f"{error.message} {error.remedy}")
        self.error = error


def start_upload(*, name: str, size: int, actor: Actor) -> ImportSource:
    """Open an upload of `size` bytes as a source of its own, if it may come and there is room."""
    check_size(size)
    upload_id = uuid7()
    return ImportSource.objects.create(
        id=upload_id,
        file_name=shown_name(name),
        storage_key=key_of(upload_id),
        size=size,
        uploaded_by=actor.label,
    )


def key_of(upload_id: uuid.UUID) -> str:
    return f"imports/{upload_id.hex}.part"


def check_size(size: int) -> None:
    """Raise the UploadError that says why a file of this size cannot come."""
    if size <= 0:
        raise UploadError("The file is empty (0 bytes). Copy it again and choose the copy.")
    if size > MAX_BYTES:
        raise TooLargeUploadError(
            f"The file has {size / 1e9:.1f} GB; up to {MAX_BYTES / 1e9:.1f} GB can come."
        )
    check_room(size)


def check_room(size: int) -> None:
    """Raise NoRoomError unless the disk can take this and all uploads already under way."""
    free = shutil.disk_usage(work_dir()).free
    sources = ImportSource.objects.filter(state=ImportSource.State.RECEIVING)
    files = SourceFile.objects.filter(state=SourceFile.State.RECEIVING)
    coming = sum(
        total - received
        for rows in (sources.exclude(kind=ImportSource.Kind.BUNDLE), files)
        for total, received in rows.values_list("size", "received")
    )
    if free - coming - size < RESERVE:
        raise NoRoomError(
            f"There is not enough room on the server: the file needs {size / 1e9:.2f} GB, "
            f"{max(free - coming - RESERVE, 0) / 1e9:.2f} GB are free. Ask your administrator "
            "for more, or delete uploads that are no longer needed."
        )


def append_part(incoming: Incoming, part: Part, stream: Stream) -> Incoming:
    """Add one part at the file's end. The first part shows whether this is a file we can read.

    A refused file is deleted and remembered as refused before RefusedFileError is raised, so the
    caller must not roll back on it.
    """
    rows = type(incoming).objects
    incoming = rows.select_for_update(of=("self",)).get(pk=incoming.pk)
    _check_part(incoming, part)
    arriving = _Arriving(part, stream)
    try:
        keep_part(incoming, part.start, arriving.blocks())
    except OSError as error:
        raise NoRoomError(
            f"The server could not store this part ({error.strerror}). "
            "What has arrived stays; try again later."
        ) from error
    except VaultError as error:
        raise SealingError(
            "The server cannot encrypt uploads at the moment, so none are taken. Tell your operator."
        ) from error
    if incoming.received == 0:
        try:
            judge_upload(arriving.start, incoming.size)
        except FileMakerFileError as error:
            refuse(incoming, error)
            raise RefusedFileError(error) from error
    incoming.received = part.end + 1
    if incoming.received == incoming.size:
        incoming.state = type(incoming).State.RECEIVED
    incoming.save(update_fields=["received", "state"])
    return incoming


def judge_upload(start: bytes, size: int) -> str:
    """Say what arrives by its first bytes: a kind of `detect`, or "zip"; raises the named refusal."""
    try:
        return judge_start(start, size)
    except ZipArchiveError:
        return "zip"


def _check_part(source: Incoming, part: Part) -> None:
    if source.state != type(source).State.RECEIVING:
        raise UploadClosedError(source.problem or "This upload has ended. Choose the file again.")
    part.check(size=source.size, received=source.received)
    least = min(SECTOR_SIZE, source.size)
    if part.start == 0 and part.length < least:
        raise UploadError(f"The first part has at least {least} bytes.")


class _Arriving:
    """The bytes of a part while they pass; remembers how the file starts."""

    def __init__(self, part: Part, stream: Stream) -> None:
        self._part, self._stream = part, stream
        self.start = b""

    def blocks(self) -> Iterator[bytes]:
        """Yield the part; raises DamagedPartError at its end where it is not what was sent."""
        for block in self._part.blocks(self._stream):
            if len(self.start) < SECTOR_SIZE:
                self.start += block[: SECTOR_SIZE - len(self.start)]
            yield block


def refuse(incoming: Incoming, error: FileMakerFileError) -> None:
    """Delete what has come and remember why."""
    delete_parts(incoming)
    incoming.state = type(incoming).State.REFUSED
    incoming.problem = f"{error.message} {error.remedy}"
    incoming.save(update_fields=["state", "problem"])


def receive_file(path: Path, *, actor: Actor) -> ImportSource:
    """Take a file that already lies on the server's own disk, for the command line and the demo."""
    size = path.stat().st_size
    with path.open("rb") as file:
        judge_start(file.read(SECTOR_SIZE), size)
        source = start_upload(name=path.name, size=size, actor=actor)
        file.seek(0)
        take_in(source, file)
    return source


def take_in(incoming: Incoming, file: Stream) -> None:
    """Keep a local file of the announced size as if it had been uploaded."""
    digest, at = hashlib.sha256(), 0
    while at < incoming.size:
        part = Part(at, min(at + MAX_PART, incoming.size) - 1, incoming.size)
        arriving = _Arriving(part, file)
        keep_part(incoming, at, _summed(arriving.blocks(), digest))
        at = part.end + 1
    incoming.received, incoming.sha256 = incoming.size, digest.hexdigest()
    incoming.state = type(incoming).State.RECEIVED
    incoming.save(update_fields=["received", "sha256", "state"])


def _summed(blocks: Iterator[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for block in blocks:
        digest.update(block)
        yield block


@transaction.atomic
def discard_upload(source: ImportSource) -> None:
    """Delete the files and what was staged from them; what was loaded from them stays."""
    source.records.all().delete()
    kept: list[Incoming] = [source, *source.files.all()]
    if source.runs.exists():
        source.state = ImportSource.State.DISCARDED
        source.save(update_fields=["state"])
        source.files.update(listing=[])
    else:
        source.delete()
    folders = [folder_of(row) for row in kept if row.storage_key]
    transaction.on_commit(lambda: _delete(folders))


def _delete(folders: list[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
