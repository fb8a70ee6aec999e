"""How an uploaded file lies on the server: in parts, each sealed under the clinic's data key.

A part is sealed as it arrives, so the plain file never touches the disk at rest. Each is bound to its
file and to the place where it begins; a part left out, moved or cut does not open. What reads the file
needs all of it in plain text and to seek in it: `plain_file` opens it for as long as a block runs,
in a file that has no name any more, so that nothing is left of it even when the process is killed.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from bisect import bisect_right
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from onboarding.filemaker.fmp.errors import FileMakerFileError
from onboarding.filemaker.fmp.header import SECTOR_SIZE
from tenants.ids import uuid7
from tenants.scope import NOBODY, active_scope, tenant_scope
from tenants.storage import work_dir
from tenants.vault import VaultError, open_stream, seal_stream

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from tenants.models import Tenant
    from tenants.scope import Actor

BLOCK = 256 * 1024
PROVIDER = "imports"
PLAIN = "imports/plain"
"""Folder for plain files where the system cannot open one without a name; swept after crashes."""
RESERVE = 512 * 1024**2
"""Left free on the disk whatever comes: the database stands on it too."""


class Kept(Protocol):
    """A row with an uploaded file: a source of one file, or a file of a bundle."""

    @property
    def pk(self) -> uuid.UUID: ...
    @property
    def storage_key(self) -> str: ...
    @property
    def size(self) -> int: ...


class LostUploadError(FileMakerFileError):
    """Parts of the file are no longer there, or are not what was uploaded."""

    code = "upload-lost"
    message = "The uploaded file is no longer whole on our side."
    remedy = "Upload it again."


class NoRoomToReadError(FileMakerFileError):
    code = "disk-full"
    message = "There is not enough room on the server to read the file."
    remedy = "Ask your administrator for more, or delete uploads that are no longer needed."


@dataclass(frozen=True)
class PlainFile:
    """An uploaded file in plain text; gone when its block ends."""

    path: Path
    sha256: str


def folder_of(kept: Kept) -> Path:
    """Where the parts lie; needs the clinic's scope. Never named after what the person called it."""
    return work_dir() / kept.storage_key


def keep_part(kept: Kept, start: int, chunks: Iterable[bytes]) -> None:
    """Seal what comes as the part from byte `start`, whole or not at all; needs the clinic's scope.

    A part that stood there before is replaced. What the chunks' source raises passes through.
    """
    folder = folder_of(kept)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / _name(start)
    beside = folder / f"{uuid7().hex}.coming"
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for block in seal_stream(chunks, provider=PROVIDER, field=_field(kept, start)):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def delete_parts(kept: Kept) -> None:
    """Delete the uploaded file; needs the clinic's scope."""
    if kept.storage_key:
        shutil.rmtree(folder_of(kept), ignore_errors=True)


def first_bytes(kept: Kept, *, size: int = SECTOR_SIZE) -> bytes:
    """Answer the start of the file; needs the clinic's scope. Raises LostUploadError."""
    start = b""
    for block in _opened_part(kept, 0, folder_of(kept) / _name(0)):
        start += block
        if len(start) >= size:
            break
    return start[:size]


@contextmanager
def plain_file(
    kept: Kept,
    *,
    tenant: Tenant | None = None,
    actor: Actor = NOBODY,
    beat: Callable[[int], None] | None = None,
) -> Iterator[PlainFile]:
    """Open the uploaded file in plain text while the block runs; `beat` is told how far it is.

    Inside the clinic's scope it needs nothing more; outside it opens short scopes of `tenant`. Raises
    LostUploadError where the parts are not what was uploaded, NoRoomToReadError without room.
    """
    with _scope(tenant, actor):
        room = work_dir("imports", "plain")
        parts = _parts(folder_of(kept))
    if shutil.disk_usage(room).free - kept.size < RESERVE:
        raise NoRoomToReadError
    with _unnamed_file(room) as (descriptor, path):
        digest, at = hashlib.sha256(), 0
        for start, part in parts:
            if start != at:
                break
            with _scope(tenant, actor):
                blocks = _opened_part(kept, start, part)
                first = next(blocks, b"")
            for block in _chained(first, blocks):
                digest.update(block)
                _write(descriptor, block)
                at += len(block)
            if beat is not None:
                beat(at)
        if at != kept.size:
            raise LostUploadError
        yield PlainFile(path, digest.hexdigest())


class SealedReader(io.RawIOBase):
    """An uploaded file to seek in without a plain copy: a zip, of which pieces are needed here and there.

    Opens one part at a time in memory (at most 8 MB) and keeps the last two.
    """

    def __init__(self, kept: Kept, *, tenant: Tenant | None = None, actor: Actor = NOBODY) -> None:
        self._kept, self._tenant, self._actor = kept, tenant, actor
        with _scope(tenant, actor):
            self._parts = _parts(folder_of(kept))
        self._at = 0
        self._open: dict[int, bytes] = {}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._kept.size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = memoryview(buffer).cast("B")
        if self._at >= self._kept.size:
            return 0
        index = bisect_right(self._parts, self._at, key=lambda part: part[0]) - 1
        if index < 0:
            raise LostUploadError
        content = self._content(index)
        piece = content[self._at - self._parts[index][0] :][: len(wanted)]
        if not piece:
            raise LostUploadError
        wanted[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _content(self, index: int) -> bytes:
        content = self._open.get(index)
        if content is None:
            start, path = self._parts[index]
            with _scope(self._tenant, self._actor):
                content = b"".join(_opened_part(self._kept, start, path))
            while len(self._open) > 1:
                del self._open[next(iter(self._open))]
            self._open[index] = content
        return content


@contextmanager
def unpacked(
    chunks: Iterable[bytes], size: int, *, tenant: Tenant | None = None, actor: Actor = NOBODY
) -> Iterator[PlainFile]:
    """Open a file that comes out of a zip in plain text while the block runs."""
    with _scope(tenant, actor):
        room = work_dir("imports", "plain")
    if shutil.disk_usage(room).free - size < RESERVE:
        raise NoRoomToReadError
    with _unnamed_file(room) as (descriptor, path):
        digest = hashlib.sha256()
        for block in chunks:
            digest.update(block)
            _write(descriptor, block)
        yield PlainFile(path, digest.hexdigest())


def sweep_plain_files(*, older_than: float) -> int:
    """Delete what a crash has left of files being read; needs the clinic's scope. Answers how many."""
    gone = 0
    for path in work_dir("imports", "plain").iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < older_than:
                path.unlink()
                gone += 1
    return gone


@contextmanager
def _unnamed_file(folder: Path) -> Iterator[tuple[int, Path]]:
    """Open a file that is removed at once and read by way of its descriptor, where that is possible."""
    named = folder / f"{uuid7().hex}.plain"
    descriptor = os.open(named, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    by_descriptor = Path(f"/proc/self/fd/{descriptor}")
    try:
        if by_descriptor.exists():
            named.unlink()
            yield descriptor, by_descriptor
        else:
            yield descriptor, named
    finally:
        os.close(descriptor)
        named.unlink(missing_ok=True)


def _opened_part(kept: Kept, start: int, path: Path) -> Iterator[bytes]:
    try:
        yield from open_stream(_read(path), provider=PROVIDER, field=_field(kept, start))
    except (VaultError, OSError) as error:
        raise LostUploadError from error


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _parts(folder: Path) -> list[tuple[int, Path]]:
    if not folder.is_dir():
        return []
    return sorted(
        (int(path.stem, 16), path) for path in folder.iterdir() if path.suffix == ".sealed"
    )


def _name(start: int) -> str:
    return f"{start:012x}.sealed"


def _field(kept: Kept, start: int) -> str:
    return f"upload:{kept.storage_key}:{start}"


def _scope(tenant: Tenant | None, actor: Actor) -> AbstractContextManager[object]:
    scope = active_scope()
    if scope is not None and scope.is_clinic:
        return nullcontext()
    if tenant is None:
        raise LookupError("Say whose file it is: there is no clinic in scope.")
    return tenant_scope(tenant, actor=actor)


def _write(descriptor: int, block: bytes) -> None:
    left = memoryview(block)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError as error:
        raise NoRoomToReadError from error


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
