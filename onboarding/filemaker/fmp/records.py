"""A table's records as one stream: leaves joined, long cells put together, blanks put in.

The bitmap says which records there should be. One that has no entry is blank; but where leaves
are missing in between it may as well be lost, and is counted as that.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from onboarding.filemaker.fmp import varint
from onboarding.filemaker.fmp.bitmap import Bitmap
from onboarding.filemaker.fmp.grammar import BadPageError, Entry, Path, first_key, offset_inside
from onboarding.filemaker.fmp.record_leaf import (
    METADATA,
    MODIFICATIONS,
    RawRecord,
    Segments,
    cell_key,
    records_in,
)
from onboarding.filemaker.fmp.scsu import decode_leniently
from onboarding.filemaker.fmp.text import XOR, number_of, text_of
from onboarding.filemaker.fmp.tree import Tree
from onboarding.filemaker.sources import Cells, Record

RECORDS = b"\x05"
_MAX_LISTED = 1000
_LENGTHS_KEY = b"\x00"
_LENGTH_SIZE = 4
_GLOBAL_DEPTH = 2


@dataclass(slots=True)
class Account:
    """What became of one table's records. Exact once its records were read to the end.

    recovered = records read with data + certainly blank ones; expected = recovered + lost, where
    the bitmap itself is whole. `incomplete` stood beside a missing leaf: cells may be missing.
    `unlisted` were read though the bitmap does not name them; `misplaced` stood out of order,
    a sign of damage, and were left out.
    """

    expected: int
    expected_is_exact: bool = True
    with_data: int = 0
    blank: int = 0
    lost: int = 0
    unlisted: int = 0
    misplaced: int = 0
    garbled_cells: int = 0
    lost_ids: list[int] = field(default_factory=list)
    incomplete_ids: list[int] = field(default_factory=list)
    finished: bool = False

    @property
    def recovered(self) -> int:
        return self.with_data + self.blank

    def lose(self, record_id: int) -> None:
        self.lost += 1
        if len(self.lost_ids) < _MAX_LISTED:
            self.lost_ids.append(record_id)

    def doubt(self, record_id: int) -> None:
        if self.incomplete_ids[-1:] != [record_id] and len(self.incomplete_ids) < _MAX_LISTED:
            self.incomplete_ids.append(record_id)


@dataclass(slots=True)
class _Gap:
    """Stands in the stream of raw records where leaves are missing."""


_GAP = _Gap()
_NO_RECORD: RawRecord = (b"", {}, None)


def read_records(
    tree: Tree, table_key: bytes, bitmap: Bitmap, account: Account
) -> Iterator[Record]:
    """Yield every record of a table in order of id, and keep `account`."""
    listed = _Listed(bitmap, account)
    after_gap = False
    last_id = 0
    for raw in _joined(_raw_records(tree, (table_key, RECORDS), account), account):
        if isinstance(raw, _Gap):
            after_gap = True
            if last_id:
                account.doubt(last_id)
            continue
        record_id = varint.decode_or_none(raw[0])
        if record_id is None or record_id <= last_id:
            account.misplaced += 1
            after_gap = True
            continue
        if listed.next_id == record_id:
            listed.next_id = next(listed.ids, None)
        else:
            yield from listed.before(record_id, after_gap)
            listed.take(record_id)
        if after_gap:
            account.doubt(record_id)
            after_gap = False
        account.with_data += 1
        last_id = record_id
        yield _record(record_id, raw, account)
    yield from listed.before(None, after_gap)
    account.finished = True


class _Listed:
    """The ids in the bitmap, taken off one by one as their records come by."""

    def __init__(self, bitmap: Bitmap, account: Account) -> None:
        self.ids = bitmap.ids()
        self._account = account
        self.next_id = next(self.ids, None)

    def before(self, record_id: int | None, after_gap: bool) -> Iterator[Record]:
        """Settle the listed ids below `record_id`: blank, or lost where leaves are missing."""
        while self.next_id is not None and (record_id is None or self.next_id < record_id):
            if after_gap:
                self._account.lose(self.next_id)
            else:
                self._account.blank += 1
                yield Record(self.next_id, 0, {})
            self.next_id = next(self.ids, None)

    def take(self, record_id: int) -> None:
        if self.next_id == record_id:
            self.next_id = next(self.ids, None)
        else:
            self._account.unlisted += 1


def _raw_records(tree: Tree, directory: Path, account: Account) -> Iterator[list[RawRecord] | _Gap]:
    """Yield the records leaf by leaf, with gaps where leaves are missing."""
    table_key = directory[0]
    opening = b"\x28" + table_key + b"\x20" + RECORDS if len(table_key) == 2 else None  # noqa: PLR2004
    at_end = False
    garbled: list[str] = []
    position = tree.seek(directory)
    breaks = tree.order.breaks
    for here, payload in tree.leaves(position):
        if here in breaks and (here > position or (first_key(payload) or ()) > directory):
            yield _GAP
        try:
            if opening is not None and payload.startswith(opening):
                start, inside = len(opening), True
            else:
                start, inside = offset_inside(payload, directory)
            if inside:
                found, at_end = records_in(payload, start, garbled)
                account.garbled_cells += len(garbled)
                garbled.clear()
                yield found
            else:
                at_end = start > 0
        except BadPageError:
            tree.reject(here)
            yield _GAP
            continue
        if at_end:
            return
    if len(tree.order.pages) in breaks:
        yield _GAP


def _joined(  # noqa: C901 - one pass over one stream, with the record that is still open
    leaves: Iterator[list[RawRecord] | _Gap], account: Account
) -> Iterator[RawRecord | _Gap]:
    """Yield whole records: one that runs over several leaves is joined."""
    open_record = _NO_RECORD
    gap = False
    for leaf in leaves:
        if isinstance(leaf, _Gap):
            gap = True
            continue
        for raw in leaf:
            if raw[0] == open_record[0]:
                if gap:
                    account.doubt(varint.decode_or_none(raw[0]) or 0)
                    gap = False
                open_record = _merged(open_record, raw)
                continue
            if not gap and raw[0] < open_record[0]:
                # Keys ascend within a leaf, so the leaf before ended with a wrong one.
                account.misplaced += 1
                gap = True
            elif open_record is not _NO_RECORD:
                yield open_record
            if gap:
                yield _GAP
                gap = False
            open_record = raw
    if open_record is not _NO_RECORD:
        yield open_record
    if gap:
        yield _GAP


def _merged(first: RawRecord, more: RawRecord) -> RawRecord:
    key, cells, longs = first
    cells.update(more[1])
    if more[2]:
        longs = longs if longs is not None else {}
        for field_key, segments in more[2].items():
            longs.setdefault(field_key, []).extend(segments)
    return key, cells, longs


_modification_counts: dict[str, int] = {}


def _record(record_id: int, raw: RawRecord, account: Account) -> Record:
    _, cells, longs = raw
    stored = cells.pop(MODIFICATIONS, None)
    cells.pop(METADATA, None)
    count = 0
    if stored is not None:
        known = _modification_counts.get(stored)
        if known is None:
            known = number_of(stored.encode("latin-1").translate(XOR))
            _modification_counts[stored] = known
            if len(_modification_counts) > _MAX_LISTED:
                _modification_counts.clear()
        count = known
    if longs:
        for field_key, segments in longs.items():
            _add_long_cell(cells, field_key, segments, account)
    return Record(record_id, count, cells)


def _add_long_cell(cells: Cells, field_key: bytes, segments: Segments, account: Account) -> None:
    key = cell_key(field_key)
    if not key[1]:
        return
    lengths = ""
    pieces: list[tuple[int, str]] = []
    for segment_key, piece in segments:
        number = varint.decode_or_none(segment_key)
        if segment_key == _LENGTHS_KEY:
            lengths = piece
        elif number is not None:
            pieces.append((number, piece))
    pieces.sort()
    stored = "".join(piece for _, piece in pieces).encode("latin-1")
    text, sound = decode_leniently(stored)
    promised = int.from_bytes(lengths[:_LENGTH_SIZE].encode("latin-1").translate(XOR), "big")
    if not sound or (lengths and promised != len(stored)):
        account.garbled_cells += 1
    if text:
        cells[key] = text


def add_global_cells(cells: Cells, entries: Iterator[Entry]) -> None:
    """Fill `cells` from a table's directory of global values, short and long ones."""
    account = Account(expected=0)
    longs: dict[bytes, Segments] = {}
    for path, key, value in entries:
        if len(path) == _GLOBAL_DEPTH:
            cell = cell_key(key)
            if cell[1] and value:
                cells[cell] = text_of(value)
        elif len(path) == _GLOBAL_DEPTH + 1:
            segment = value.translate(XOR).decode("latin-1")
            longs.setdefault(path[_GLOBAL_DEPTH], []).append((key, segment))
    for field_key, segments in longs.items():
        _add_long_cell(cells, field_key, segments, account)
