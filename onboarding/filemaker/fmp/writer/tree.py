"""One sorted B+tree in sectors, written front to back as its entries arrive in order.

Each level keeps a page it fills and a full page that waits for its successor's sector number.
The topmost level's only page becomes the root, sector 1, written last.
"""

from dataclasses import dataclass
from typing import BinaryIO

from onboarding.filemaker.fmp.writer import grammar
from onboarding.filemaker.fmp.writer.grammar import PAYLOAD_SIZE, SECTOR_SIZE

KeyPath = tuple[bytes, ...]

ROOT = 1
_FIRST_FREE = 2


class OutOfOrderError(ValueError):
    """An entry arrived behind its place; the tree is written in one pass, sorted."""


class EntryTooLargeError(ValueError):
    """An entry does not fit into one page; long values belong in segments."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """The lower bound of a page: its first key, or None for the start of its directory."""

    path: KeyPath
    key: bytes | None


@dataclass(slots=True)
class _Level:
    """One level of the tree: the page that waits to be written, and its number."""

    previous: int = 0
    waiting: bytes | None = None
    waiting_sector: int = 0

    @property
    def has_pages(self) -> bool:
        return self.waiting is not None or self.previous > 0


_Children = list[tuple[_Bound, int]]


class TreeWriter:
    """Writes sectors 1 … N-1 into a seekable file; call `put` in order, then `close`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._next_sector = _FIRST_FREE
        self._levels = [_Level()]
        self._indexes: list[_Children] = []
        self._index_sizes: list[int] = []
        self._path: KeyPath = ()
        self._last: KeyPath = ()
        self._page = bytearray(grammar.STARTS)
        self._bound = _Bound((), None)

    def put(self, path: KeyPath, key: bytes, value: bytes = b"") -> None:
        """Add one entry. Path components and key compare as raw bytes, component by component."""
        place = (*path, key)
        if place <= self._last or (self._last and place[: len(self._last)] == self._last):
            message = f"{_shown(place)} must stand behind {_shown(self._last)}"
            raise OutOfOrderError(message)
        item = grammar.entry(key, value)
        if path == self._path:
            # Every open directory, and the root, closes with one byte on the page it ends on.
            if len(self._page) + len(item) + len(path) + 1 > PAYLOAD_SIZE:
                self._turn_page(_Bound(path, key))
        else:
            self._change_directory(path, key, len(item))
        self._page += item
        self._last = place
        if len(self._page) + len(path) + 1 > PAYLOAD_SIZE:
            message = f"{_shown(place)} has {len(value)} bytes, more than a page of 4096 holds"
            raise EntryTooLargeError(message)

    def close(self) -> int:
        """Write what is still open and the root; return the number of the last sector."""
        self._page += grammar.POP * (len(self._path) + 1)
        self._finish(0, bytes(self._page), self._bound)
        level = 0
        self._write_waiting(level, following=0)
        while self._levels[level + 1].has_pages:
            level += 1
            self._finish_index(level)
            self._write_waiting(level, following=0)
        last = self._next_sector - 1
        root = grammar.sector(
            _index_payload(self._indexes[level]),
            level=level + 1,
            previous=0,
            following=last,
            counter=last,
        )
        self._write(ROOT, root)
        return last

    def _change_directory(self, path: KeyPath, key: bytes, room: int) -> None:
        """Close what `path` is not in and open what it is, on a new page if it does not fit."""
        kept = grammar.common_steps(self._path, path)
        self._page += grammar.POP * (len(self._path) - kept)
        self._path = path[:kept]
        pushes = b"".join(grammar.push(step) + grammar.STARTS for step in path[kept:])
        if len(self._page) + len(pushes) + room + len(path) + 1 > PAYLOAD_SIZE:
            starts = len(path) > kept
            self._turn_page(_Bound(path[: kept + 1], None) if starts else _Bound(path, key))
        self._page += pushes
        self._path = path

    def _turn_page(self, bound: _Bound) -> None:
        self._finish(0, bytes(self._page), self._bound)
        self._bound = bound
        self._page = bytearray(b"".join(grammar.push(step) for step in self._path))

    def _finish(self, level: int, payload: bytes, bound: _Bound) -> None:
        """Give a full page its number, write the one before it, and tell the level above."""
        number = self._next_sector
        self._next_sector += 1
        self._write_waiting(level, following=number)
        state = self._levels[level]
        state.waiting, state.waiting_sector = payload, number
        self._add_child(level + 1, bound, number)

    def _write_waiting(self, level: int, *, following: int) -> None:
        state = self._levels[level]
        if state.waiting is None:
            return
        page = grammar.sector(
            state.waiting,
            level=level,
            previous=state.previous,
            following=following,
            counter=state.waiting_sector,
        )
        self._write(state.waiting_sector, page)
        state.previous, state.waiting = state.waiting_sector, None

    def _add_child(self, level: int, bound: _Bound, number: int) -> None:
        """Note on the open page of index level 1, 2 … that `number` holds keys from `bound` on."""
        at = level - 1
        if at == len(self._indexes):
            self._indexes.append([])
            self._index_sizes.append(0)
            self._levels.append(_Level())
        size = _child_size(self._indexes[at], bound)
        if self._index_sizes[at] + size > PAYLOAD_SIZE:
            self._finish_index(level)
            self._indexes[at], self._index_sizes[at] = [], 0
            size = _child_size([], bound)
        self._indexes[at].append((bound, number))
        self._index_sizes[at] += size

    def _finish_index(self, level: int) -> None:
        children = self._indexes[level - 1]
        self._finish(level, _index_payload(children), children[0][0])

    def _write(self, number: int, page: bytes) -> None:
        self._file.seek(number * SECTOR_SIZE)
        self._file.write(page)


def _child_size(before: _Children, bound: _Bound) -> int:
    """Return the bytes that one more child takes on the index page that holds `before`."""
    kept = grammar.common_steps(before[-1][0].path, bound.path) if before else 0
    pushes = sum(len(grammar.push(step)) for step in bound.path[kept:])
    return pushes + len(grammar.child(bound.key, 0))


def _index_payload(children: _Children) -> bytes:
    """Return an index page. It has no pops: a flag on a directory's last item closes it."""
    items: list[tuple[int, bytes]] = []
    path: KeyPath = ()
    for bound, number in children:
        kept = grammar.common_steps(path, bound.path)
        depths = range(kept, len(bound.path))
        items += [(depth, grammar.push(bound.path[depth])) for depth in depths]
        items.append((len(bound.path), grammar.child(bound.key, number)))
        path = bound.path
    page: list[bytes] = []
    followed: set[int] = set()
    for depth, item in reversed(items):
        last = 0 if depth in followed else grammar.LAST
        page.append(bytes((item[0] | last,)) + item[1:])
        followed = {other for other in followed if other < depth} | {depth}
    return b"".join(reversed(page))


def _shown(place: KeyPath) -> str:
    return ".".join(step.hex() for step in place)
