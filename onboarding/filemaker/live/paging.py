"""Reading all records by offsets while people go on working.

A server that counts records by their place shifts them when one before is deleted: the next page
then begins one too late and a record is missed without a sign. So each page begins with the last
record of the page before. If that one does not come first, the places have shifted, and the page
before is read again; records already passed on are left out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from onboarding.filemaker.live.errors import AnswerTooLargeError, SourceChangingError
from onboarding.filemaker.live.transport import MIB, Clock

FIRST_SIZE = 100
LARGEST_SIZE = 1000
_AIM_BYTES = 4 * MIB
_AIM_SECONDS = 5.0
_MOST_STEPS_BACK = 100
_PASSES = 3
_PAGE_BITS = 13


class Row(Protocol):
    """What a page is made of: anything that knows its record id."""

    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Rows from one place on; `found` is how many there are in all, `size` bytes were sent."""

    rows: Sequence[R]
    found: int | None
    size: int = 0


class SeenIds:
    """A set of record ids in one bit each, for ids that lie close together."""

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, number: int) -> bool:
        page = self._pages.get(number >> _PAGE_BITS)
        return page is not None and bool(page[self._byte(number)] >> (number & 7) & 1)

    def add(self, number: int) -> bool:
        """Add a number; answer whether it is new."""
        if number in self:
            return False
        page = self._pages.setdefault(number >> _PAGE_BITS, bytearray(1 << (_PAGE_BITS - 3)))
        page[self._byte(number)] |= 1 << (number & 7)
        self._count += 1
        return True

    @property
    def largest(self) -> int | None:
        """The highest number in it."""
        if not self._pages:
            return None
        high = max(self._pages)
        last = max(n for n in range(1 << _PAGE_BITS) if self._pages[high][n >> 3] >> (n & 7) & 1)
        return (high << _PAGE_BITS) + last

    @staticmethod
    def _byte(number: int) -> int:
        return (number & ((1 << _PAGE_BITS) - 1)) >> 3


class Walk(Generic[R]):
    """One pass, or several, through a table. `fetch(place, size)` counts places from 0.

    After it, `seen` are the ids passed on, `found` is the server's own last count and
    `shifts` says how often records moved meanwhile. `kept` are ids passed on by an earlier walk that
    broke off: this one goes on after them.
    """

    def __init__(
        self,
        fetch: Callable[[int, int], Page[R]],
        clock: Clock,
        *,
        kept: SeenIds | None = None,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self.size = FIRST_SIZE
        self.seen = kept or SeenIds()
        self._resumes = bool(kept)
        self.found: int | None = None
        self.shifts = 0

    def __iter__(self) -> Iterator[R]:
        for _ in range(_PASSES):
            yield from self._pass()
            if self.found is None or len(self.seen) >= self.found:
                return

    @property
    def missing(self) -> int:
        """How many records the server counted beyond those read."""
        return max(0, (self.found or 0) - len(self.seen))

    @property
    def gone(self) -> int:
        """How many records were deleted after they had been read."""
        return max(0, len(self.seen) - self.found) if self.found is not None else 0

    def _pass(self) -> Iterator[R]:
        place, anchor, is_stepping_back = 0, None, False
        if self._resumes:
            place, anchor = len(self.seen) - 1, self.seen.largest
        steps = barren = 0
        while True:
            asked, rows = self._page(place)
            first = rows[0].id if rows else None
            if self._resumes:
                self._resumes = False
                if first != anchor:  # they have moved since: all over, what was kept left out
                    place, anchor = 0, None
                    continue
            has_shifted = anchor is not None and first != anchor
            is_unknown_ground = (
                is_stepping_back and place > 0 and (first is None or first not in self.seen)
            )
            if has_shifted or is_unknown_ground:
                steps += 1
                self.shifts += has_shifted
                if steps > _MOST_STEPS_BACK:
                    raise SourceChangingError
                place, anchor, is_stepping_back = max(0, place - asked), None, True
                continue
            is_stepping_back = False
            fresh = [row for row in rows if self.seen.add(row.id)]
            yield from fresh
            if self._is_end(place, len(rows), asked):
                return
            barren = 0 if fresh else barren + 1
            if barren > _MOST_STEPS_BACK:
                raise SourceChangingError
            overlaps = len(rows) > 1
            place += len(rows) - overlaps
            anchor = rows[-1].id if overlaps else None

    def _is_end(self, place: int, count: int, asked: int) -> bool:
        if not count:
            return True
        return count < asked if self.found is None else place + count >= self.found

    def _page(self, place: int) -> tuple[int, Sequence[R]]:
        """Fetch a page; the next one grows or shrinks with what this one took."""
        while True:
            asked = self.size
            began = self._clock.now()
            try:
                page = self._fetch(place, asked)
            except AnswerTooLargeError:
                if asked == 1:
                    raise
                self.size = max(1, asked // 4)
                continue
            took = self._clock.now() - began
            if page.size > _AIM_BYTES or took > _AIM_SECONDS:
                self.size = max(2, asked // 2)
            elif page.size < _AIM_BYTES / 2 and took < _AIM_SECONDS / 2:
                self.size = min(LARGEST_SIZE, asked * 2)
            if page.found is not None:
                self.found = page.found
            return asked, page.rows
