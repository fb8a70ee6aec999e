"""The entries of an archive: written once, counted and hashed on their way into the zip."""

from __future__ import annotations

import hashlib
import io
import zipfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from tenants.storage import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Digest:
    """Counts and hashes what passes through to a zip entry."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self._hash, self._size = out, hashlib.sha256(), 0

    def write(self, data: Any) -> int:
        self._hash.update(data)
        self._size += len(data)
        return self._out.write(data)

    @property
    def facts(self) -> dict[str, Any]:
        return {"bytes": self._size, "sha256": self._hash.hexdigest()}


class _Raw(io.RawIOBase):
    def __init__(self, digest: _Digest) -> None:
        self._digest = digest

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._digest.write(bytes(data))


@contextmanager
def zip_entry(
    archive: zipfile.ZipFile, name: str, *, plain: bool = False
) -> Iterator[tuple[Any, _Digest]]:
    """Open one entry for writing; its digest is whole when the block has ended."""
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_STORED if plain else zipfile.ZIP_DEFLATED
    with archive.open(info, "w", force_zip64=True) as out:
        digest = _Digest(out)
        buffered = io.BufferedWriter(_Raw(digest), buffer_size=BLOCK)
        yield buffered, digest
        buffered.flush()
