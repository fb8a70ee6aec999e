"""The B+tree as one sorted sequence of entries: seek to a directory, walk from there.

The order of the leaves is known before the first seek, so a seek is a search by halves over
first keys. It works alike in sound files and in salvaged ones whose index pages are gone, and
skips what lies before: value indexes, layouts, scripts.
"""

from collections.abc import Iterator
from pathlib import Path as FilePath

from onboarding.filemaker.fmp.errors import DamagedFileError, TruncatedFileError
from onboarding.filemaker.fmp.grammar import BadPageError, Entry, Path, entries, first_key
from onboarding.filemaker.fmp.pages import Pages
from onboarding.filemaker.fmp.salvage import LeafOrder, salvage_order

_MAX_REMEMBERED_KEYS = 16384
FIRST_OF_ALL: Path = (b"",)


class Tree:
    """All leaves of one file in key order."""

    def __init__(self, path: FilePath) -> None:
        self.pages = Pages(path)
        try:
            structure = self.pages.scan()
            self.is_cut_short = structure.is_cut_short
            self.expected_sectors = structure.expected_sectors
            chain = structure.leaf_chain()
            self.is_sound = chain is not None and structure.is_sound
            if chain is not None and not self.is_cut_short:
                self.order = LeafOrder(chain)
            else:
                self.order = salvage_order(self.pages, structure)
            self._require_leaves()
        except BaseException:
            self.pages.close()
            raise
        self._first_keys: dict[int, Path] = {}
        self._stand_ins: dict[int, Path] = {}

    def _require_leaves(self) -> None:
        if not self.order.pages:
            raise TruncatedFileError if self.is_cut_short else DamagedFileError

    def close(self) -> None:
        self.pages.close()

    @property
    def is_damaged(self) -> bool:
        """Whether any leaf is missing or unreadable, as far as known by now."""
        return bool(not self.is_sound or self.order.breaks or self.order.rejected)

    def reject(self, position: int) -> None:
        """Remember that the leaf at `position` turned out unreadable."""
        page_id = self.order.pages[position]
        if page_id not in self.order.rejected:
            self.order.rejected.append(page_id)
        self.order.breaks.update((position, position + 1))

    def seek(self, target: Path) -> int:
        """Return the position of the leaf in which `target` stands or would stand."""
        low, high = 0, len(self.order.pages)
        while high - low > 1:
            middle = (low + high) // 2
            if self._first_key(middle) <= target:
                low = middle
            else:
                high = middle
        # An unreadable leaf goes by the key of the one before it, where `target` may begin.
        while low in self._stand_ins and low > 0:
            low -= 1
        return low

    def has_gap(self, lower: Path, upper: Path) -> bool:
        """Say whether leaves are known to be missing between two keys."""
        if not self.order.breaks:
            return False
        first = self.seek(lower)
        if self._first_key(first) <= lower:
            first += 1
        return any(here in self.order.breaks for here in range(first, self.seek(upper) + 2))

    def _first_key(self, position: int) -> Path:
        """Return the first key at `position`; of an unreadable leaf, that of the one before."""
        known = self._stand_ins.get(position) or self._first_keys.get(position)
        if known is not None:
            return known
        unreadable = []
        key: Path | None = None
        while position >= 0 and key is None:
            key = self._stand_ins.get(position)
            if key is None:
                key = first_key(self.pages.payload(self.order.pages[position]))
            if key is None:
                unreadable.append(position)
                position -= 1
        key = key or FIRST_OF_ALL
        for bad in unreadable:
            self.reject(bad)
            self._stand_ins[bad] = key
        if len(self._first_keys) >= _MAX_REMEMBERED_KEYS:
            self._first_keys.clear()
        self._first_keys[position] = key
        return key

    def leaves(self, position: int) -> Iterator[tuple[int, bytes]]:
        """Yield (position, payload) from `position` on."""
        return self.pages.payloads(self.order.pages, position)

    def entries(self, directory: Path, after: Path | None = None) -> Iterator[Entry]:
        """Yield the entries inside `directory`, all or those beyond the key path `after`."""
        depth = len(directory)
        start = directory if after is None else after
        for position, payload in self.leaves(self.seek(start)):
            try:
                found = list(entries(payload))
            except BadPageError:
                self.reject(position)
                continue
            for entry in found:
                path, key, _ = entry
                if path[:depth] == directory:
                    if after is None or (*path, key) > after:
                        yield entry
                elif (*path, key)[:depth] > directory:
                    return

    def value(self, directory: Path, key: bytes) -> bytes | None:
        """Return the value of one entry, or None where there is none."""
        target = (*directory, key)
        for position, payload in self.leaves(self.seek(target)):
            try:
                for path, found, value in entries(payload):
                    here = (*path, found)
                    if here == target:
                        return value
                    if here > target:
                        return None
            except BadPageError:
                self.reject(position)
        return None
