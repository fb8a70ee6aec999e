"""An Excel workbook as a `Source`: each sheet a table, cells as text, formulas never worked out.

Dates come as `2024-04-03`, date and time as `2024-04-03 14:05:00`, whatever the sheet shows: so they
need no order. Of a formula the value is taken that was saved with it; where none was, it is empty.
"""

import re
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook.workbook import Workbook

from onboarding.filemaker.exports.choices import Choices
from onboarding.filemaker.exports.errors import BrokenWorkbookError, TooLargeExportError
from onboarding.filemaker.exports.header_row import guess_header
from onboarding.filemaker.exports.identity import folded_name, stable_id
from onboarding.filemaker.exports.rows import MAX_COLUMNS, MAX_NAME, Column, Row, RowFile, RowTable
from onboarding.filemaker.exports.workbook_safety import check_workbook

CUT_AT = 32_767
"""Excel's longest text of a cell; FileMaker cuts what is longer."""
EXCEL_ERRORS = frozenset("#REF! #N/A #VALUE! #NAME? #DIV/0! #NULL! #NUM! #GETTING_DATA".split())
_SAMPLE_ROWS = 60
_MOST_SHEETS = 100
_CODES = re.compile(
    r"\b(phone|mobile|fax|tel|telephone|handy|telefon|postcode|zip|plz|medicare|ndis|dva|ihi|"
    r"health|insurance|provider|versicherung\w*|code)\b",
    re.IGNORECASE,
)
_ZEROS = re.compile(r"0{2,}")
_UNREADABLE = (
    BadZipFile, InvalidFileException, ParseError, zlib.error,
    KeyError, ValueError, TypeError, IndexError, AttributeError, EOFError, OSError, OverflowError,
)  # fmt: skip
"""What openpyxl raises on damaged parts; it has no error of its own for them."""


@dataclass(slots=True)
class _Losses:
    """What Excel may have done to the values of one sheet."""

    cut: int = 0
    errors: int = 0
    numbers: dict[int, int] = field(default_factory=dict)


class XlsxFile(RowFile):
    """A workbook; opened anew for each pass over a sheet."""

    def __init__(self, path: Path, *, choices: Choices | None = None) -> None:
        super().__init__()
        check_workbook(path)
        self._path = path
        self._choices = choices or Choices()
        with self._workbook() as book:
            titles = [sheet.title for sheet in book.worksheets]
            self._is_1904 = book.epoch == CALENDAR_MAC_1904
            if not titles:
                raise BrokenWorkbookError("The Excel file has no sheets.")
        if len(titles) > _MOST_SHEETS:
            raise TooLargeExportError(f"The workbook has more than {_MOST_SHEETS} sheets.")
        for index, title in enumerate(titles):
            self._add_sheet(index, title, is_only=len(titles) == 1)
        if not self._tables:
            self.warn("no-records", "None of the workbook's sheets has any rows.")
        self.note_dates()
        if self._is_1904:
            self.warn("epoch-1904", "The workbook counts its days from 1904; they were read so.")

    def _add_sheet(self, index: int, title: str, *, is_only: bool) -> None:
        losses = _Losses()
        sample = []
        for cells in self._cells(index, losses):
            sample.append(cells)
            if len(sample) == _SAMPLE_ROWS:
                break
        if not sample:
            return
        header = guess_header(sample)
        has_header = header.has_header
        if self._choices.header is not None:
            has_header = self._choices.header
        names = sample[0] if has_header else []
        columns = [
            Column(" ".join(name.split())[:MAX_NAME] or f"Column {number}")
            for number, name in enumerate(names, start=1)
        ]

        def rows() -> Iterator[Row]:
            losses.cut = losses.errors = 0
            losses.numbers.clear()
            sheet = self._cells(index, losses)
            if has_header:
                next(sheet, None)
                losses.numbers.clear()
            for cells in sheet:
                yield Row([[cell] for cell in cells])

        table = RowTable(
            id=1 if is_only else stable_id("sheet", folded_name(title), bits=31),
            name=title,
            columns=columns,
            rows=rows,
            key=self._choices.key,
            has_names=has_header,
        )
        self.add_table(table)
        if self._choices.header is None and not header.is_certain:
            self.warn("header-guessed", f'"{title}": {header.reason}', about=table.id)
        self._note_losses(table, losses)

    def _note_losses(self, table: RowTable, losses: _Losses) -> None:
        if losses.cut:
            self.warn(
                "cells-cut",
                f'"{table.name}": {losses.cut} texts have exactly {CUT_AT:,} characters, the most '
                "that fits into a cell of Excel. Their ends are probably missing.",
                about=table.id,
                table_id=table.id,
                count=losses.cut,
            )
        if losses.errors:
            self.warn(
                "cells-in-error",
                f'"{table.name}": {losses.errors} cells hold an error of Excel such as #REF! '
                "and are taken as empty.",
                about=table.id,
                table_id=table.id,
                count=losses.errors,
            )
        named = [
            table.columns[index].name
            for index, count in sorted(losses.numbers.items())
            if count and index < len(table.columns) and _holds_codes(table.columns[index].name)
        ]
        if named:
            self.warn(
                "zeros-lost",
                f'"{table.name}": {", ".join(named[:5])} stand as numbers in Excel, which drops '
                "zeros in front. Compare a few, or export as Merge (.mer).",
                about=table.id,
                table_id=table.id,
                columns=named,
            )

    def _cells(self, index: int, losses: _Losses) -> Iterator[list[str]]:
        """Yield the rows of a sheet as text, empty rows left out."""
        with self._workbook() as book:
            sheet = book.worksheets[index]
            sheet.reset_dimensions()
            for row in _guarded(sheet.iter_rows()):
                cells = [
                    _text(cell.value, cell.number_format, column, losses)
                    if cell.value is not None
                    else ""
                    for column, cell in enumerate(row)
                ]
                while cells and not cells[-1]:
                    cells.pop()
                if len(cells) > MAX_COLUMNS:
                    raise TooLargeExportError(f"A row has more than {MAX_COLUMNS:,} columns.")
                if cells:
                    yield cells

    @contextmanager
    def _workbook(self) -> Iterator[Workbook]:
        # Opened here, because openpyxl looks at the ending of a name.
        with self._path.open("rb") as file:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and extensions not needed here
                try:
                    book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
                except _UNREADABLE as error:
                    raise BrokenWorkbookError from error
            try:
                yield book
            finally:
                book.close()


def _guarded(rows: Iterator[Any]) -> Iterator[Any]:
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a date that cannot be: it comes as an error value
            try:
                row = next(rows)
            except StopIteration:
                return
            except _UNREADABLE as error:
                raise BrokenWorkbookError from error
        yield row


def _holds_codes(name: str) -> bool:
    return bool(_CODES.search(re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name)))


def _text(value: Any, number_format: str, column: int, losses: _Losses) -> str:
    if isinstance(value, str):
        if value in EXCEL_ERRORS:
            losses.errors += 1
            return ""
        losses.cut += len(value) == CUT_AT
        return value.replace("_x000D_", "").replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (int, float)):
        return _number(value, number_format, column, losses)
    if isinstance(value, (date, time, timedelta)):
        return _moment(value)
    return str(value)


def _number(value: float, number_format: str, column: int, losses: _Losses) -> str:
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    text = f"{number.normalize():f}" if number else "0"
    if _ZEROS.fullmatch(number_format or "") and text.isdecimal():
        return text.zfill(len(number_format))  # the format shows the zeros, so they are meant
    losses.numbers[column] = losses.numbers.get(column, 0) + text.isdecimal()
    return text


def _moment(value: date | time | timedelta) -> str:
    if isinstance(value, datetime):
        value = value.replace(microsecond=0)
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.replace(microsecond=0).isoformat()
    seconds = round(value.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
