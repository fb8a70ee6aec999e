"""Sectors on disk: reading them, and the order in which the leaves stand.

Sectors are read with `pread`, not mapped: a file cut short under a mapping would kill the whole
process, and mapped pages count as its memory.
"""

import os
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from onboarding.filemaker.fmp.header import SECTOR_SIZE, Header, read_header

HEAD_SIZE = 20
PAYLOAD_SIZE = SECTOR_SIZE - HEAD_SIZE
ROOT = 1
LEAF_LEVEL = 0
MAX_LEVEL = 8
FREE_LEVEL = 0xFFFF
BAD_LEVEL = 0xFFFE

_HEAD = struct.Struct(">4xIIHH")
_HEADS_IN_SECTORS = struct.Struct(f">4xIIHH{SECTOR_SIZE - 16}x")
_SCAN_SECTORS = 256
_READ_AHEAD_SECTORS = 32


class Pages:
    """The sectors of one open file, by id."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb", buffering=0)
        try:
            self.size = os.fstat(self._file.fileno()).st_size
            self.header: Header = read_header(self.read_bytes(0, SECTOR_SIZE), self.size)
        except BaseException:
            self._file.close()
            raise
        self.count = self.size // SECTOR_SIZE

    def close(self) -> None:
        self._file.close()

    def read_bytes(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes; fewer only where the file ends."""
        descriptor = self._file.fileno()
        data = os.pread(descriptor, size, offset)
        while data and len(data) < size:
            more = os.pread(descriptor, size - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def payload(self, page_id: int) -> bytes:
        """Return the used part of a sector; empty where the sector is not there."""
        return payload_of(self.read_bytes(page_id * SECTOR_SIZE, SECTOR_SIZE))

    def payloads(self, page_ids: "array[int]", start: int) -> Iterator[tuple[int, bytes]]:
        """Yield (position, payload) for `page_ids[start:]`, reading ahead over neighbours."""
        window = b""
        first = last = 0
        before = -1
        for position in range(start, len(page_ids)):
            page_id = page_ids[position]
            if not first <= page_id < last:
                ahead = _READ_AHEAD_SECTORS if page_id == before + 1 else 1
                window = self.read_bytes(page_id * SECTOR_SIZE, ahead * SECTOR_SIZE)
                first, last = page_id, page_id + ahead
            before = page_id
            offset = (page_id - first) * SECTOR_SIZE
            yield position, payload_of(window[offset : offset + SECTOR_SIZE])

    def scan(self) -> "Structure":
        """Read the head of every sector once."""
        structure = Structure()
        for first in range(0, self.count, _SCAN_SECTORS):
            sectors = min(_SCAN_SECTORS, self.count - first)
            chunk = self.read_bytes(first * SECTOR_SIZE, sectors * SECTOR_SIZE)
            structure.add(chunk[: len(chunk) // SECTOR_SIZE * SECTOR_SIZE])
        structure.finish(self.size)
        return structure


def payload_of(sector: bytes) -> bytes:
    if len(sector) < SECTOR_SIZE:
        return b""
    unused = sector[14] << 8 | sector[15]
    return sector[HEAD_SIZE : SECTOR_SIZE - unused] if unused <= PAYLOAD_SIZE else b""


@dataclass(slots=True)
class Structure:
    """Level and neighbours of every sector, and what they tell about the file as a whole."""

    level: "array[int]" = field(default_factory=lambda: array("H"))
    before: "array[int]" = field(default_factory=lambda: array("I"))
    after: "array[int]" = field(default_factory=lambda: array("I"))
    expected_sectors: int = 0
    ragged: bool = False

    def add(self, sectors: bytes) -> None:
        for before, after, level, unused in _HEADS_IN_SECTORS.iter_unpack(sectors):
            known = level <= MAX_LEVEL or level == FREE_LEVEL
            self.level.append(level if known and unused <= PAYLOAD_SIZE else BAD_LEVEL)
            self.before.append(before)
            self.after.append(after)

    def finish(self, size: int) -> None:
        """Take what the root says about the file, and set sector 0 and the root apart."""
        self.level[0] = FREE_LEVEL
        self.ragged = bool(size % SECTOR_SIZE)
        if len(self.level) > ROOT and self.level[ROOT] <= MAX_LEVEL:
            # The root has no neighbours; its "next" is the number of the file's last sector.
            self.expected_sectors = self.after[ROOT] + 1
            self.before[ROOT] = self.after[ROOT] = 0

    @property
    def is_cut_short(self) -> bool:
        return self.expected_sectors > len(self.level)

    def leaf_chain(self) -> "array[int] | None":
        """Return the leaves from first to last, or None where their links do not agree."""
        heads = [
            page_id
            for page_id, level in enumerate(self.level)
            if level == LEAF_LEVEL and self.before[page_id] == 0
        ]
        leaves = self.level.count(LEAF_LEVEL)
        if len(heads) != 1:
            return None
        chain = array("I")
        page_id, before = heads[0], 0
        while page_id:
            if (
                page_id >= len(self.level)
                or self.level[page_id] != LEAF_LEVEL
                or self.before[page_id] != before
                or len(chain) == leaves
            ):
                return None
            chain.append(page_id)
            before, page_id = page_id, self.after[page_id]
        return chain if len(chain) == leaves else None

    @property
    def is_sound(self) -> bool:
        """Whether the size is what the root says and every sector has a known level."""
        return (
            not self.ragged
            and self.expected_sectors == len(self.level)
            and BAD_LEVEL not in self.level
        )
