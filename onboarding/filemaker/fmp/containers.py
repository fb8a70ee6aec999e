"""The container store of a table: files and pictures kept inside the database file.

Streams stand in the tree as they are, without mask, in segments. Nothing is read before it is
asked for, so a file of several hundred megabytes passes through in small pieces.
"""

from collections.abc import Callable, Iterator

from onboarding.filemaker.fmp import varint
from onboarding.filemaker.fmp.grammar import Path
from onboarding.filemaker.fmp.text import pascal, text_of
from onboarding.filemaker.fmp.tree import Tree
from onboarding.filemaker.sources import ContainerObject

STORE = b"\x1f"
OBJECTS = b"\x05"
DIRECTORY = b"\x02"
CHECKSUM = b"\x04"
LENGTH = b"\x00"

MAIN = "MAIN"
FILE_NAME = "FNAM"
SIZE = "SIZE"
# Streams that describe the object and are not a form of it.
ATTRIBUTES = frozenset({FILE_NAME, SIZE, "DPI_", "FORK", "GLPH"})
PREFERRED = ("FILE", "PDF ")
IMAGES = ("JPEG", "PNGf", "GIFf", "SVG ", "TIFF", "BMPf", "PICT")

_TYPE_SIZE = 4
_CHUNK = 65536

Report = Callable[[int, str, int, int], None]
"""Called with object id, stream, promised and found length where the two differ."""


class ContainerStore:
    """The objects of one table."""

    def __init__(self, tree: Tree, table_key: bytes, report: Report) -> None:
        self._tree = tree
        self._directory: Path = (table_key, STORE, OBJECTS)
        self._report = report

    def objects(self) -> Iterator[ContainerObject]:
        """Yield the objects in order of id."""
        after: Path | None = None
        while True:
            key = self._next_key(after)
            if key is None:
                return
            found = self._object(key)
            if found is not None:
                yield found
            # Beyond all that is in this object, before any other.
            after = (*self._directory, key + b"\0")

    def object(self, object_id: int) -> ContainerObject | None:
        """Return one object, or None where the store does not have it."""
        try:
            return self._object(varint.encode(object_id))
        except varint.VarintError:
            return None

    def _next_key(self, after: Path | None) -> bytes | None:
        depth = len(self._directory)
        for path, _, _ in self._tree.entries(self._directory, after=after):
            if len(path) > depth:
                return path[depth]
        return None

    def _object(self, key: bytes) -> ContainerObject | None:
        object_id = varint.decode_or_none(key)
        here: Path = (*self._directory, key)
        listing = self._tree.value(here, DIRECTORY)
        if object_id is None or listing is None:
            return None
        lengths = stream_lengths(listing)
        file_name = self._attribute(here, FILE_NAME, lengths)
        size = self._attribute(here, SIZE, lengths)
        main_type = self._attribute(here, MAIN, lengths).decode("latin-1")
        kind, name = file_name_parts(file_name)
        return ContainerObject(
            id=object_id,
            file_name=name,
            kind=kind,
            streams={name: n for name, n in lengths.items() if name not in ATTRIBUTES},
            main=main_stream(lengths, main_type),
            width=int.from_bytes(size[:2], "big"),
            height=int.from_bytes(size[2:4], "big"),
            reader=lambda stream: self._chunks(here, object_id, stream, lengths.get(stream, 0)),
        )

    def _attribute(self, here: Path, name: str, lengths: dict[str, int]) -> bytes:
        if name not in lengths:
            return b""
        return self._tree.value(here, name.encode("latin-1")) or b""

    def _chunks(self, here: Path, object_id: int, stream: str, promised: int) -> Iterator[bytes]:
        key = stream.encode("latin-1")
        short = self._tree.value(here, key)
        found = 0
        if short is not None:
            found = len(short)
            yield short
        else:
            for piece in _gathered(self._segments((*here, key))):
                found += len(piece)
                yield piece
        if found != promised:
            self._report(object_id, stream, promised, found)

    def _segments(self, directory: Path) -> Iterator[bytes]:
        for path, key, value in self._tree.entries(directory):
            if path == directory and key != LENGTH:
                yield value


def _gathered(segments: Iterator[bytes]) -> Iterator[bytes]:
    """Join segments of a kilobyte into pieces worth a system call."""
    waiting: list[bytes] = []
    size = 0
    for segment in segments:
        if size + len(segment) > _CHUNK:
            yield b"".join(waiting)
            waiting, size = [], 0
        waiting.append(segment)
        size += len(segment)
    if waiting:
        yield b"".join(waiting)


def stream_lengths(listing: bytes) -> dict[str, int]:
    """Read an object's list of streams: count, then four-letter type and length of each."""
    count = int.from_bytes(listing[:2], "big")
    lengths = {}
    for at in range(2, 2 + count * 8, 8):
        entry = listing[at : at + 8]
        if len(entry) < 8:  # noqa: PLR2004
            break
        name = entry[:_TYPE_SIZE].decode("latin-1")
        lengths[name] = int.from_bytes(entry[_TYPE_SIZE:], "big")
    return lengths


def main_stream(lengths: dict[str, int], named: str) -> str:
    """Choose the stream that is the file itself; the others are previews of it."""
    if named in lengths and named not in ATTRIBUTES:
        return named
    forms = [name for name in lengths if name not in ATTRIBUTES and name != MAIN]
    for name in (*PREFERRED, *IMAGES):
        if name in forms:
            return name
    return max(forms, key=lambda name: lengths[name], default="")


def file_name_parts(value: bytes) -> tuple[str, str]:
    """Return kind (`file`, `image` …) and name from a stored file name."""
    kind, at = pascal(value, 4)
    name, _ = pascal(value, at + 1)
    return text_of(kind), text_of(name)
