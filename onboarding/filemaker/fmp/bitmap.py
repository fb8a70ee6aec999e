"""Which records exist: the bitmap each table keeps, blank records included."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from onboarding.filemaker.fmp import varint
from onboarding.filemaker.fmp.grammar import Entry

_WORD = 4
_WORD_BITS = 32


@dataclass(slots=True)
class Bitmap:
    """Runs of (first record id, bits as big-endian 32-bit words, lowest bit first in each)."""

    runs: list[tuple[int, bytes]] = field(default_factory=list)
    malformed: int = 0

    def __len__(self) -> int:
        return sum(
            int.from_bytes(words, "big").bit_count() if words else 1 for _, words in self.runs
        )

    def ids(self) -> Iterator[int]:
        """Yield the record ids in ascending order."""
        for base, words in self.runs:
            if not words:
                yield base
                continue
            for word_at in range(0, len(words), _WORD):
                word = int.from_bytes(words[word_at : word_at + _WORD], "big")
                record_id = base + word_at * 8
                while word:
                    if word & 1:
                        yield record_id
                    word >>= 1
                    record_id += 1


def read_bitmap(entries: Iterable[Entry]) -> Bitmap:
    """Read a table's bitmap; entries that overlap or are no bitmap are counted, not believed."""
    bitmap = Bitmap()
    free_from = 0
    for path, key, words in entries:
        base = varint.decode_or_none(key)
        if base is None or base < free_from or len(words) % _WORD or len(path) != 2:  # noqa: PLR2004
            bitmap.malformed += 1
            continue
        bitmap.runs.append((base, words))
        free_from = base + len(words) * 8 if words else base + 1
    return bitmap
