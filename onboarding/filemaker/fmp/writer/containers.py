"""Container contents: files and pictures, spooled beside the file until their place has come.

A table's records stand before its container objects in the tree, but both arrive together.
Equal contents are stored once, with a count of their uses, as FileMaker does.
"""

import hashlib
import struct
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from onboarding.filemaker.fmp import varint
from onboarding.filemaker.fmp.writer.catalogue import SEGMENT, Entry, number, pascal, segments
from onboarding.filemaker.fmp.writer.tree import KeyPath

_IN_MEMORY = 4 << 20
_STREAM_HEAD = struct.Struct(">4sI")
_REFERENCE_END = "\ue000"
_OBJECT_STORE, _REGISTER, _OBJECTS = b"\x1f", b"\x01", b"\x05"
_PICTURES = frozenset({"PNGf", "JPEG", "GIFf", "PDF ", "SVG "})


@dataclass(frozen=True, slots=True)
class Container:
    """What a container cell holds: a named file or picture with its streams by 4-letter type.

    Streams are `FILE` for any file, or `PDF `, `PNGf`, `JPEG` …; with several of them `main` names
    the one that counts, the others are previews. `size` is width and height in pixels.
    """

    name: str
    streams: Mapping[str, bytes] = field(hash=False)
    main: str = ""
    size: tuple[int, int] | None = None

    def all_streams(self) -> list[tuple[bytes, bytes]]:
        """Return the payloads and what describes them, in the order of their types."""
        kind = "image" if not _PICTURES.isdisjoint(self.streams) else "file"
        label = b"\x00\x00\x00\x01" + pascal(kind) + b"\x00" + pascal(self.name)
        streams = {type_.encode("ascii"): data for type_, data in self.streams.items()}
        streams[b"FNAM"] = label
        if self.main:
            streams[b"MAIN"] = self.main.encode("ascii")
        if self.size:
            streams[b"SIZE"] = struct.pack(">HH", *self.size)
        return sorted(streams.items())


@dataclass(slots=True)
class _Stored:
    checksum: bytes
    references: int = 1


class ObjectStore:
    """The container objects of one table, numbered from 1 as they arrive."""

    def __init__(self) -> None:
        self._spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed in __exit__
        self._stored: list[_Stored] = []
        self._by_checksum: dict[bytes, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spool.close()

    def add(self, container: Container) -> str:
        """Keep the object and return the text its cell holds: its id's bytes in hex."""
        framed = b"".join(
            _STREAM_HEAD.pack(type_, len(data)) + data for type_, data in container.all_streams()
        )
        checksum = hashlib.md5(framed, usedforsecurity=False).digest()
        object_id = self._by_checksum.get(checksum)
        if object_id is None:
            self._spool.write(len(framed).to_bytes(8, "big") + framed)
            self._stored.append(_Stored(checksum))
            object_id = self._by_checksum[checksum] = len(self._stored)
        else:
            self._stored[object_id - 1].references += 1
        return varint.encode(object_id).hex().upper() + _REFERENCE_END

    def entries(self, table: bytes) -> Iterator[Entry]:
        """Yield the store of the table with key `table`, in the order of the tree."""
        if not self._stored:
            return
        yield from self._register((table, _OBJECT_STORE, _REGISTER))
        self._spool.seek(0)
        for object_id, stored in enumerate(self._stored, start=1):
            size = int.from_bytes(self._spool.read(8), "big")
            place = (table, _OBJECT_STORE, _OBJECTS, varint.encode(object_id))
            yield from _object_entries(place, stored, self._spool.read(size))

    def _register(self, place: KeyPath) -> Iterator[Entry]:
        yield place, b"\x00", number(len(self._stored))
        yield place, b"\x04", len(self._stored).to_bytes(4, "big")
        for object_id in range(1, len(self._stored) + 1):
            yield (*place, b"\x07"), varint.encode(object_id), b""
        for checksum, object_id in sorted(self._by_checksum.items()):
            yield (*place, b"\x08", checksum), varint.encode(object_id), b""


def _object_entries(place: KeyPath, stored: _Stored, framed: bytes) -> Iterator[Entry]:
    streams = list(_split(framed))
    listing = b"".join(_STREAM_HEAD.pack(type_, len(data)) for type_, data in streams)
    yield place, b"\x02", len(streams).to_bytes(2, "big") + listing
    yield place, b"\x04", stored.checksum
    yield place, b"\x12", stored.references.to_bytes(4, "big")
    for type_, data in streams:
        if len(data) <= SEGMENT:
            yield place, type_, data
        else:
            inner = (*place, type_)
            yield inner, b"\x00", len(data).to_bytes(4, "big")
            yield from segments(inner, data)


def _split(framed: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(framed):
        type_, size = _STREAM_HEAD.unpack_from(framed, at)
        at += _STREAM_HEAD.size
        yield type_, framed[at : at + size]
        at += size
