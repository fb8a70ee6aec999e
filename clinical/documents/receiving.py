"""Bytes on their way in: to a file of the local disk, counted and summed, never whole in memory."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenants.ids import uuid7
from tenants.storage import StorageUnavailableError, work_dir

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MAX_BYTES = 2 * 1024**3


class TooLargeError(ValueError):
    """The file is larger than what is kept; the message is for a person."""


@dataclass(frozen=True)
class Received:
    """A file that has arrived on the local disk."""

    path: Path
    sha256: str
    size: int


@contextmanager
def received(chunks: Iterable[bytes], *, limit: int = MAX_BYTES) -> Iterator[Received]:
    """Write the chunks to a file below the clinic's work folder; it is gone after the block.

    Raises TooLargeError past `limit` bytes, StorageUnavailableError when the disk cannot take it.
    What the chunks' own source raises passes through.
    """
    try:
        path = work_dir("receiving") / f"{uuid7().hex}.part"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise _no_room(error) from error
    try:
        digest, size = hashlib.sha256(), 0
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLargeError(
                        f"The file is larger than {limit / 1e9:.1f} GB. Split it or make it "
                        "smaller, then add it again."
                    )
                digest.update(chunk)
                _write(file.fileno(), chunk)
        yield Received(path, digest.hexdigest(), size)
    finally:
        path.unlink(missing_ok=True)


def _write(descriptor: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> StorageUnavailableError:
    return StorageUnavailableError(
        f"The server could not take the file: {error.strerror or 'its disk did not answer'}."
    )
