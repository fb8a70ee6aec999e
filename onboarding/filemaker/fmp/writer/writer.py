"""A FileMaker 12 file from its solution and its records, in one pass and bounded memory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Self

from onboarding.filemaker.fmp import varint
from onboarding.filemaker.fmp.writer import catalogue, grammar
from onboarding.filemaker.fmp.writer.containers import Container, ObjectStore
from onboarding.filemaker.fmp.writer.schema import Solution, Table
from onboarding.filemaker.fmp.writer.tree import TreeWriter

Value = str | Container
Cell = str | tuple[str, int]
"""A field's name, or its name and repetition (from 1)."""

_RECORDS, _GLOBALS, _BITMAP = b"\x05", b"\x08", b"\x0d"
_MODIFICATIONS = b"\xfc"
_WORD = 32
_WORDS_PER_ENTRY = 124
"""The longest bitmap entry seen in FileMaker's own files has 496 bytes."""


class RecordError(ValueError):
    """A record has no place in its table: an unknown field, or an id out of order."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record. Empty texts are not stored; a record without cells is a blank one."""

    id: int
    cells: Mapping[Cell, Value]
    modifications: int = 0


class FmpWriter:
    """Writes one file; a context manager. Tables come in the order of their ids.

    A table that is passed over gets its definition and no records. When the block ends with an
    error, the unfinished file is removed.
    """

    def __init__(self, path: Path | str, solution: Solution) -> None:
        self._path = Path(path)
        self._solution = solution
        self._todo = list(solution.tables)

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        self._file.write(grammar.header_sector())
        self._tree = TreeWriter(self._file)
        self._put_all(catalogue.file_entries(self._solution))
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error_type is None:
                while self._todo:
                    self._write_table(self._todo.pop(0), (), {})
                self._tree.close()
        except BaseException:
            self._path.unlink(missing_ok=True)
            raise
        finally:
            self._file.close()
        if error_type is not None:
            self._path.unlink(missing_ok=True)

    def write_records(
        self,
        table_name: str,
        records: Iterable[Record],
        *,
        global_values: Mapping[Cell, Value] | None = None,
    ) -> int:
        """Write a table with all its records, ids ascending; return how many there were."""
        table = self._solution.table(table_name)
        if table not in self._todo:
            raise RecordError(f"{table_name} is already written; tables come in order of their ids")
        while (earlier := self._todo.pop(0)) is not table:
            self._write_table(earlier, (), {})
        return self._write_table(table, records, global_values or {})

    def _put_all(self, entries: Iterable[catalogue.Entry]) -> None:
        put = self._tree.put
        for path, key, value in entries:
            put(path, key, value)

    def _write_table(
        self, table: Table, records: Iterable[Record], global_values: Mapping[Cell, Value]
    ) -> int:
        key = varint.encode(table.id)
        bitmap = _Bitmap()
        with ObjectStore() as store:
            cells = _CellWriter(table, store)
            self._put_all(catalogue.field_entries(key, table.fields))
            for record in records:
                bitmap.add(record.id)
                place = (key, _RECORDS, varint.encode(record.id))
                self._put_all(cells.entries(place, record.cells))
                if record.modifications:
                    count = catalogue.number(record.modifications)
                    self._tree.put(place, _MODIFICATIONS, count)
            self._put_all(cells.entries((key, _GLOBALS), global_values))
            for base, words in bitmap.entries():
                self._tree.put((key, _BITMAP), varint.encode(base), words)
            self._put_all(store.entries(key))
        return bitmap.count


class _CellWriter:
    """Turns cells into entries; knows the keys of one table's fields."""

    def __init__(self, table: Table, store: ObjectStore) -> None:
        self._table = table
        self._store = store
        self._keys: dict[Cell, bytes] = {
            field.name: varint.encode(field.id) for field in table.fields
        }

    def entries(
        self, place: tuple[bytes, ...], cells: Mapping[Cell, Value]
    ) -> Iterator[catalogue.Entry]:
        filled = ((self._key(cell), value) for cell, value in cells.items() if value)
        keyed = sorted(filled, key=itemgetter(0))
        for key, value in keyed:
            text = value if isinstance(value, str) else self._store.add(value)
            yield from catalogue.text_entries(place, key, text)

    def _key(self, cell: Cell) -> bytes:
        key = self._keys.get(cell)
        if key is None:
            name, repetition = (cell, 1) if isinstance(cell, str) else cell
            field_key = self._keys.get(name)
            if field_key is None:
                raise RecordError(f"{self._table.name} has no field {name}")
            key = field_key + varint.encode(repetition) if repetition > 1 else field_key
            self._keys[cell] = key
        return key


class _Bitmap:
    """Which record ids exist: one bit each, kept in 32-bit words, the lowest id the lowest bit."""

    def __init__(self) -> None:
        self.count = 0
        self._last = -1
        self._words: dict[int, int] = {}

    def add(self, record_id: int) -> None:
        if record_id <= self._last or record_id < 1:
            raise RecordError(f"record {record_id} must stand behind record {self._last}")
        word, bit = divmod(record_id, _WORD)
        self._words[word] = self._words.get(word, 0) | 1 << bit
        self._last = record_id
        self.count += 1

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Yield base id and words; a lone record has its own id as base and no words."""
        block: list[int] = []
        for word in sorted(self._words):
            if block and word - block[0] >= _WORDS_PER_ENTRY:
                yield self._entry(block)
                block = []
            block.append(word)
        if block:
            yield self._entry(block)

    def _entry(self, block: list[int]) -> tuple[int, bytes]:
        first, last = block[0], block[-1]
        lone = self._words[first]
        if first == last and lone.bit_count() == 1:
            return first * _WORD + lone.bit_length() - 1, b""
        words = range(first, last + 1)
        return first * _WORD, b"".join(self._words.get(n, 0).to_bytes(4, "big") for n in words)
