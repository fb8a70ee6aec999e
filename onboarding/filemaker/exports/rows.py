"""Rows of any export as tables of a `Source`: looked through once when opened, then streamed.

Looking through tells what streaming must know beforehand: how many rows there are, how often a
column repeats, which column numbers the rows, and in which order dates are written.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from onboarding.filemaker.exports.date_order import DateEvidence
from onboarding.filemaker.exports.errors import ChangedExportError, TooLargeExportError
from onboarding.filemaker.exports.identity import (
    MAX_ROWS,
    RowIds,
    UniqueColumn,
    column_ids,
    key_candidates,
)
from onboarding.filemaker.fmp.reader import UnknownTableError
from onboarding.filemaker.fmp.records import Account
from onboarding.filemaker.sources import (
    Cells,
    ContainerObject,
    ExternalSource,
    Field,
    FieldType,
    Locale,
    Record,
    Relationship,
    Source,
    SourceWarning,
    Table,
    ValueList,
)

MAX_COLUMNS = 2_000
MAX_REPETITIONS = 5_000
MAX_NAME = 255
RELATED = "::"
_LARGEST_ID = 2**62


@dataclass(slots=True)
class Row:
    """One row: for each column its repetitions, and FileMaker's ids where the export has them."""

    cells: list[list[str]]
    record_id: int = 0
    modification_count: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """`sees_dates`: its text may tell in which order dates are written."""

    name: str
    type: FieldType = "text"
    sees_dates: bool = True

    @property
    def is_related(self) -> bool:
        return RELATED in self.name


@dataclass(slots=True)
class RowTable:
    """One table of an export. `rows` begins anew each time it is called.

    `key` is the column (from 0) that numbers the rows, None to find one, -1 for none; `announced`
    is how many rows the export itself says it has.
    """

    id: int
    name: str
    columns: list[Column]
    rows: Callable[[], Iterator[Row]]
    key: int | None = None
    has_names: bool = True
    announced: int | None = None
    account: Account | None = None
    survey: "Survey" = field(init=False)
    ids: list[int] = field(init=False)

    def look_through(self) -> None:
        self.survey = Survey(self)
        for row in folded(self.rows(), self.columns):
            self.survey.take(row)
        self.survey.settle()
        while self.has_names and len(self.columns) > self.survey.width:
            last = self.columns[-1]
            if last.name and not last.name.startswith("Column "):
                break
            self.columns.pop()  # an unnamed column at the end that is always empty
        for index in range(len(self.columns), self.survey.width):
            self.columns.append(Column(f"Column {index + 1}"))
        self.ids = column_ids([column.name for column in self.columns])

    def records(self) -> Iterator[Record]:
        """Yield the rows as records. Raises ChangedExportError where they are others than before."""
        ids, survey = RowIds(), self.survey
        total = 0
        for row in folded(self.rows(), self.columns):
            total += 1
            if any(any(texts) for texts in row.cells[len(self.ids) :]):
                raise ChangedExportError
            cells = {
                (self.ids[index], repetition): text
                for index, texts in enumerate(row.cells[: len(self.ids)])
                for repetition, text in enumerate(texts, start=1)
                if text
            }
            yield Record(self._id_of(row, cells, ids), row.modification_count, cells)
        if total != survey.rows:
            raise ChangedExportError

    def _id_of(self, row: Row, cells: Cells, ids: RowIds) -> int:
        if self.survey.has_record_ids:
            return row.record_id
        key = self.survey.key
        text = row.cells[key][0].strip() if 0 <= key < len(row.cells) and row.cells[key] else ""
        return ids.of_key(text) if text else ids.of_cells(cells)


def folded(rows: Iterable[Row], columns: Sequence[Column]) -> Iterator[Row]:
    """Join rows that only go on with related fields to the record they belong to.

    FileMaker exports each further related record as a row in which all fields of the record itself
    are empty. The k-th related row becomes repetition k in every related column.
    """
    related = [index for index, column in enumerate(columns) if column.is_related]
    if not related or len(related) == len(columns):
        yield from rows
        return
    waiting: Row | None = None
    for row in rows:
        if waiting is not None and not row.record_id and _goes_on(row, related):
            _join(waiting, row, related)
            continue
        if waiting is not None:
            yield waiting
        waiting = row
    if waiting is not None:
        yield waiting


def _goes_on(row: Row, related: Sequence[int]) -> bool:
    filled = {index for index, texts in enumerate(row.cells) if any(texts)}
    return bool(filled) and filled <= set(related)


def _join(record: Row, row: Row, related: Sequence[int]) -> None:
    base = max((len(record.cells[i]) for i in related if i < len(record.cells)), default=0)
    if base >= MAX_REPETITIONS:
        raise TooLargeExportError(f"A record has more than {MAX_REPETITIONS:,} related rows.")
    for index in related:
        texts = row.cells[index] if index < len(row.cells) else []
        if any(texts):
            while len(record.cells) <= index:
                record.cells.append([])
            mine = record.cells[index]
            mine.extend([""] * (base - len(mine)))
            mine.extend(texts)


class Survey:
    """What one look at every row of a table tells."""

    def __init__(self, table: RowTable) -> None:
        self._table = table
        self.rows = self.width = 0
        self.repetitions: list[int] = []
        self.dates = DateEvidence()
        self.key = -1
        self.key_empty = self.key_repeated = 0
        self._record_ids: set[int] = set()
        self.has_record_ids = True
        names = [column.name for column in table.columns]
        if table.key is not None:
            candidates = [table.key] if table.key >= 0 else []
        else:
            candidates = key_candidates(names) if table.has_names else [0]
        digits = table.key is None and not table.has_names
        self._unique = {index: UniqueColumn(only_digits=digits) for index in candidates}
        self._sees = [column.sees_dates for column in table.columns]

    def take(self, row: Row) -> None:
        self.rows += 1
        if self.rows > MAX_ROWS:
            raise TooLargeExportError(f"The export has more than {MAX_ROWS:,} rows.")
        if len(row.cells) > len(self.repetitions):
            if len(row.cells) > MAX_COLUMNS:
                raise TooLargeExportError(f"A row has more than {MAX_COLUMNS:,} columns.")
            self.repetitions.extend([1] * (len(row.cells) - len(self.repetitions)))
        for index, texts in enumerate(row.cells):
            self._take_cell(index, texts)
        if any(any(texts) for texts in row.cells):  # a blank record has no number either
            for index, unique in self._unique.items():
                texts = row.cells[index] if index < len(row.cells) else []
                unique.take(texts[0] if texts else "")
        self._take_id(row.record_id)

    def _take_cell(self, index: int, texts: list[str]) -> None:
        if len(texts) > self.repetitions[index]:
            if len(texts) > MAX_REPETITIONS:
                raise TooLargeExportError(f"A cell has more than {MAX_REPETITIONS:,} repetitions.")
            self.repetitions[index] = len(texts)
        if not any(texts):
            return
        self.width = max(self.width, index + 1)
        if index >= len(self._sees) or self._sees[index]:
            self.dates.take(texts[0])

    def _take_id(self, record_id: int) -> None:
        if not self.has_record_ids:
            return
        if not 0 < record_id < _LARGEST_ID or record_id in self._record_ids:
            self.has_record_ids = False
            self._record_ids = set()
        else:
            self._record_ids.add(record_id)

    def settle(self) -> None:
        self.has_record_ids = self.has_record_ids and self.rows > 0
        self._record_ids = set()
        if self._table.key is not None:
            self.key = self._table.key
            chosen = self._unique.get(self.key)
            if chosen is not None:
                self.key_empty, self.key_repeated = chosen.empty, chosen.repeated
        else:
            self.key = next((i for i, unique in self._unique.items() if unique.holds), -1)
        if not self.rows:
            self.key = -1
        self._unique = {}


class RowFile(Source):
    """An export as a `Source`: tables of rows, no relationships, no value lists, no containers."""

    def __init__(self) -> None:
        self._tables: dict[int, RowTable] = {}
        self._warnings: dict[tuple[str, object], SourceWarning] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what is open; an export is opened anew for each pass."""

    def add_table(self, table: RowTable) -> None:
        """Look a table through and offer it."""
        table.look_through()
        self._tables[table.id] = table
        self._note_identity(table)
        self._note_related(table)

    def tables(self) -> Sequence[Table]:
        return [
            Table(
                table.id,
                table.name,
                table.survey.rows if table.announced is None else table.announced,
            )
            for _, table in sorted(self._tables.items())
        ]

    def fields(self, table_id: int) -> Sequence[Field]:
        """Return the columns in their order in the file, which is not that of their ids."""
        table = self._table(table_id)
        repetitions = [*table.survey.repetitions, *[1] * len(table.columns)]
        return [
            Field(
                id=id_,
                name=column.name,
                kind="normal",
                type=column.type,
                repetitions=repetitions[index],
                is_global=False,
                comment="",
                derived=False,
            )
            for index, (id_, column) in enumerate(zip(table.ids, table.columns, strict=True))
        ]

    def records(self, table_id: int) -> Iterator[Record]:
        """Yield the rows in the order of the file; their ids do not ascend."""
        return self._table(table_id).records()

    def account(self, table_id: int) -> Account | None:
        """Return how the rows there are differ from what the export itself announces."""
        return self._table(table_id).account

    def global_values(self, table_id: int) -> Cells:
        self._table(table_id)
        return {}

    def containers(self, table_id: int) -> Iterator[ContainerObject]:
        self._table(table_id)
        return iter(())

    def container(self, table_id: int, object_id: int) -> ContainerObject | None:  # noqa: ARG002 - the Protocol's
        self._table(table_id)
        return None

    def relationships(self) -> Sequence[Relationship]:
        return []

    def value_lists(self) -> Sequence[ValueList]:
        return []

    def external_sources(self) -> Sequence[ExternalSource]:
        return []

    def locale(self) -> Locale | None:
        evidence = self._evidence()
        return evidence.locale()

    @property
    def warnings(self) -> Sequence[SourceWarning]:
        return list(self._warnings.values())

    def key_column(self, table_id: int) -> int:
        """Return the column (from 0) that numbers the rows; -1 where none does."""
        table = self._table(table_id)
        return -1 if table.survey.has_record_ids else table.survey.key

    def _table(self, table_id: int) -> RowTable:
        table = self._tables.get(table_id)
        if table is None:
            raise UnknownTableError(table_id)
        return table

    def _evidence(self) -> DateEvidence:
        total = DateEvidence()
        for table in self._tables.values():
            dates = table.survey.dates
            total.dmy += dates.dmy
            total.mdy += dates.mdy
            total.ymd += dates.ymd
            total.unclear += dates.unclear
            total.separator = total.separator or dates.separator
        return total

    def warn(self, code: str, message: str, *, about: object = None, **facts: object) -> None:
        self._warnings[code, about] = SourceWarning(code, message, facts)

    def note_dates(self) -> None:
        """Say so where the order of day and month is not told by any date, or told both ways."""
        evidence = self._evidence()
        if evidence.is_open:
            self.warn(
                "date-order-unclear",
                f"None of the {evidence.unclear} dates tells whether the day or the month stands "
                "first. Day first is assumed; check it in the mapping's options.",
                dates=evidence.unclear,
            )
        elif evidence.is_mixed:
            self.warn(
                "date-order-mixed",
                f"{evidence.dmy} dates have the day first and {evidence.mdy} the month. "
                "Check the date order in the mapping.",
                day_first=evidence.dmy,
                month_first=evidence.mdy,
            )

    def _note_identity(self, table: RowTable) -> None:
        survey = table.survey
        if survey.has_record_ids or not survey.rows:
            return
        if survey.key < 0:
            self.warn(
                "no-key",
                f'"{table.name}" has no column that numbers its records. A record that changes '
                "between two exports will come in as a new one. Export the record's own number "
                "too, or say which column it is.",
                about=table.id,
                table_id=table.id,
            )
            return
        name = table.columns[survey.key].name if survey.key < len(table.columns) else ""
        if survey.key_empty or survey.key_repeated:
            self.warn(
                "key-repeated",
                f'The column "{name}" is to number the records, and is empty or the same in '
                "several. Those are told apart by their order or by all their cells.",
                about=table.id,
                table_id=table.id,
            )
        else:
            self.warn(
                "key-column",
                f'The column "{name}" numbers the records: by it they are known again in the '
                "next export.",
                about=table.id,
                table_id=table.id,
            )

    def _note_related(self, table: RowTable) -> None:
        names = [column.name for column in table.columns if column.is_related]
        if names:
            self.warn(
                "related-fields",
                f'"{table.name}" holds fields of other tables ({", ".join(names[:3])}). Their '
                "values stay with the record they were exported with. To have them as records "
                "of their own, export that table by itself.",
                about=table.id,
                table_id=table.id,
                columns=len(names),
            )
