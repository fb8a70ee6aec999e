"""Files made byte by byte, from the grammar alone: neither the reader nor the writer helps here."""

import json
import os
import struct
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

SECTOR = 4096
ROOM = SECTOR - 20
Entry = tuple[tuple[bytes, ...], bytes, bytes]
MakeFile = Callable[..., Path]


def mask(data: bytes) -> bytes:
    return bytes(byte ^ 0x5A for byte in data)


def _key(key: bytes) -> tuple[int, bytes]:
    if len(key) <= 3:
        return (len(key) - 1) << 3, key
    return 0x18, bytes((len(key),)) + key


def push(key: bytes) -> bytes:
    code, stored = _key(key)
    return bytes((code | 0x20,)) + stored


def entry(key: bytes, value: bytes) -> bytes:
    code, stored = _key(key)
    fixed = {0: 0, 1: 1, 2: 2, 4: 3, 6: 4, 8: 5}
    if len(value) in fixed:
        return bytes((code | fixed[len(value)],)) + stored + value
    if len(value) < 256:
        return bytes((code | 6,)) + stored + bytes((len(value),)) + value
    return bytes((code | 7,)) + stored + struct.pack(">H", len(value)) + value


def leaf_payloads(entries: Iterable[Entry], room: int = ROOM) -> list[tuple[Entry, bytes]]:
    """Pack entries into leaves, each of which starts by pushing its whole path."""
    leaves: list[tuple[Entry, bytes]] = []
    payload = b""
    first: Entry | None = None
    path: tuple[bytes, ...] = ()
    for one in entries:
        steps = _steps(path, one[0]) + entry(one[1], one[2])
        if first is None or len(payload) + len(steps) > room:
            if first is not None:
                leaves.append((first, payload))
            first, payload = one, b"".join(map(push, one[0])) + entry(one[1], one[2])
        else:
            payload += steps
        path = one[0]
    if first is not None:
        leaves.append((first, payload + b"\x40" * (len(path) + 1)))
    return leaves


def _steps(here: tuple[bytes, ...], there: tuple[bytes, ...]) -> bytes:
    same = 0
    while same < min(len(here), len(there)) and here[same] == there[same]:
        same += 1
    return b"\x40" * (len(here) - same) + b"".join(push(key) + b"\x80" for key in there[same:])


def sector(payload: bytes, *, before: int = 0, after: int = 0, level: int = 0) -> bytes:
    head = struct.pack(">IIIHHI", 0, before, after, level, ROOM - len(payload), 7)
    return head + payload + b"\0" * (ROOM - len(payload))


def header() -> bytearray:
    start = bytearray(SECTOR)
    start[:20] = bytes.fromhex("0001000000020001000500020002C0") + b"HBAM7"
    start[20:24] = struct.pack(">I", SECTOR)
    start[521] = 0x1E
    start[541:550] = b"\x08Pro 12.0"
    return start


def file_bytes(entries: Sequence[Entry], *, room: int = ROOM, backwards: bool = False) -> bytes:
    """Return a whole file; `backwards` puts the first leaf last on disk."""
    leaves = leaf_payloads(sorted(entries, key=lambda one: (*one[0], one[1])), room)
    ids = list(range(2, 2 + len(leaves)))
    if backwards:
        ids.reverse()
    sectors = {}
    root = b""
    for place, (first, payload) in enumerate(leaves):
        before = ids[place - 1] if place else 0
        after = ids[place + 1] if place + 1 < len(ids) else 0
        sectors[ids[place]] = sector(payload, before=before, after=after)
        child = struct.pack(">I", ids[place])
        if place == 0:
            root += b"\x1b\x00\x01" + child
        else:
            pushes = b"".join(map(push, first[0]))
            root += pushes + entry(first[1], child) + b"\x40" * len(first[0])
    assert len(root) <= ROOM, "one index page only: fewer entries, please"
    sectors[1] = sector(root, after=len(leaves) + 1, level=1)
    return bytes(header()) + b"".join(sectors[number] for number in sorted(sectors))


def definition(kind: int = 1, type_: int = 1, repetitions: int = 1, flags: int = 0) -> bytes:
    return bytes((kind, type_, *[0] * 7, flags, *[0] * 14)) + struct.pack(">H", repetitions)


def table(key: bytes, name: str, fields: dict[bytes, tuple[str, bytes]]) -> list[Entry]:
    """Return the catalogue entries of a table: key, name, fields by key."""
    entries = [((b"\x03", b"\x10", b"\x05", key), b"\x10", mask(name.encode("latin-1")))]
    for field_key, (field_name, field_definition) in fields.items():
        path = (key, b"\x03", b"\x05", field_key)
        entries.append((path, b"\x02", field_definition))
        entries.append((path, b"\x10", mask(field_name.encode("latin-1"))))
    return entries


def bitmap(key: bytes, base: bytes, ids: Iterable[int], words: int = 1) -> Entry:
    values = [0] * words
    for number in ids:
        values[number // 32] |= 1 << number % 32
    return (key, b"\x0d"), base, struct.pack(f">{words}I", *values)


class Bytes:
    """The pieces above, handed to tests as one fixture."""

    mask = staticmethod(mask)
    push = staticmethod(push)
    entry = staticmethod(entry)
    leaf_payloads = staticmethod(leaf_payloads)
    sector = staticmethod(sector)
    header = staticmethod(header)
    file_bytes = staticmethod(file_bytes)
    definition = staticmethod(definition)
    table = staticmethod(table)
    bitmap = staticmethod(bitmap)

    @staticmethod
    def in_pieces(path: tuple[bytes, ...], key: bytes, text: str, size: int = 1000) -> list[Entry]:
        """Return `text` as FileMaker stores it when long or not one-byte: lengths, then pieces."""
        stored = mask(b"\x0f" + text.encode("utf-16-be"))
        lengths = struct.pack(">II", len(stored), len(text.encode("utf-16-be")) // 2)
        pieces = [stored[start : start + size] for start in range(0, len(stored), size)]
        entries = [((*path, key), b"\0", lengths)]
        entries += [((*path, key), bytes((n,)), piece) for n, piece in enumerate(pieces, start=1)]
        return entries

    @staticmethod
    def people(count: int, *, text: str = "Person") -> list[Entry]:
        """Return a table 129 "People" with field 1 "Name" and records 1 to `count` (≤ 127)."""
        key = b"\x80\x01"
        entries = table(key, "People", {b"\x01": ("Name", definition())})
        for number in range(1, count + 1):
            name = mask(f"{text} {number}".encode("latin-1"))
            entries.append(((key, b"\x05", bytes((number,))), b"\x01", name))
            entries.append(((key, b"\x05", bytes((number,))), b"\xfc", b"\x01\x03"))
        entries.append(bitmap(key, b"\x00", range(1, count + 1), words=4))
        return entries


@pytest.fixture
def raw() -> type[Bytes]:
    return Bytes


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    def make(entries: Sequence[Entry], name: str = "made.fmp12", **shape: Any) -> Path:
        path = tmp_path / name
        path.write_bytes(file_bytes(entries, **shape))
        return path

    return make


@pytest.fixture
def shared() -> Path:
    """Return the folder of real sample files, which is not part of the repository."""
    root = Path(__file__).parents[4]
    folder = Path(os.environ.get("NEXUS_SHARED", root.parent / "shared")) / "filemaker"
    if not (folder / "expected.json").exists():
        pytest.skip(f"no sample files: {folder}/expected.json is absent (set NEXUS_SHARED)")
    return folder


@pytest.fixture
def expected(shared: Path) -> dict[str, Any]:
    return json.loads((shared / "expected.json").read_text(encoding="utf-8"))
