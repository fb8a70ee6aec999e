"""The inside of a backup: a tar that is written and read from front to back, gzip around it.

Whoever has the key reads it without us: `age -d -i KEY FILE | tar xz`. What has no known size when it is
begun stands in numbered pieces of at most 4 MiB in a folder: `cat tables/patients_patient/*` is the table.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

from onboarding.backups.errors import CannotOpenError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from onboarding.backups.piping import Reader, Writer

FORMAT = "nexus-backup/1"
PIECE = 4 * 1024 * 1024
LEVEL = 4


class ArchiveWriter:
    """Writes members one after the other."""

    def __init__(self, tar: tarfile.TarFile, *, at: float) -> None:
        self._tar, self._at = tar, at

    def add_bytes(self, name: str, content: bytes) -> None:
        self.add_stream(name, len(content), io.BytesIO(content))

    def add_json(self, name: str, content: Any) -> None:
        self.add_bytes(name, json.dumps(content, ensure_ascii=False, default=str).encode())

    def add_stream(self, name: str, size: int, source: Reader) -> None:
        """Add a file of known size; raises OSError where the source has less."""
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, int(self._at), 0o600
        self._tar.addfile(info, cast("IO[bytes]", source))

    def add_pieces(self, folder: str, blocks: Iterable[bytes]) -> int:
        """Add what has no known size, in numbered pieces; answers how many bytes there were."""
        held, number, total = bytearray(), 0, 0
        for block in blocks:
            held += block
            while len(held) >= PIECE:
                number += 1
                self.add_bytes(f"{folder}/{number:06}", bytes(held[:PIECE]))
                del held[:PIECE]
                total += PIECE
        if held:
            self.add_bytes(f"{folder}/{number + 1:06}", bytes(held))
        return total + len(held)


@contextmanager
def archive_into(target: Writer, *, at: float) -> Iterator[ArchiveWriter]:
    """Write an archive into `target` in the block."""
    gate = _Gate(target)
    packed = gzip.GzipFile(
        fileobj=cast("IO[bytes]", gate), mode="wb", compresslevel=LEVEL, mtime=at
    )
    tar = tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - below
    try:
        yield ArchiveWriter(tar, at=at)
    except BaseException:
        gate.is_shut = True  # a broken archive gets no end: it must not look whole
        raise
    finally:
        tar.close()
        packed.close()


class _Gate:
    """Lets bytes through until it is shut."""

    def __init__(self, target: Writer) -> None:
        self._target, self.is_shut = target, False

    def write(self, data: bytes) -> int:
        if not self.is_shut:
            self._target.write(data)
        return len(data)

    def flush(self) -> None:
        if not self.is_shut:
            self._target.flush()


def members_of(source: Reader) -> Iterator[tuple[str, IO[bytes]]]:
    """Answer each member's name and bytes, in order; raises CannotOpenError where it is damaged."""
    try:
        with (
            gzip.GzipFile(fileobj=cast("IO[bytes]", source), mode="rb") as unpacked,
            tarfile.open(fileobj=unpacked, mode="r|") as tar,
        ):
            for info in tar:
                content = tar.extractfile(info)
                if content is not None:
                    yield info.name, content
            while unpacked.read(1 << 16):  # to the end, so that a cut file is found
                pass
    except (tarfile.TarError, EOFError, gzip.BadGzipFile) as error:
        raise CannotOpenError("The inside of the backup is damaged or cut short.") from error
