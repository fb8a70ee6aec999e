"""Rows of a file that a person uploads: CSV or an Excel workbook, every cell as text.

A workbook is looked at before it is unpacked: how large it becomes, and whether it names a document
type, which Excel never writes (it is how an XML file asks a reader for more than it holds).
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 10 * 1024**2
MAX_UNPACKED = 150 * 1024**2
MAX_PARTS = 500
MAX_ROWS = 30_000
MAX_COLUMNS = 120
MAX_SHEETS = 10
MAX_CELL = 2_000
_BEGINNING = 64 * 1024
_ZIP = b"PK\x03\x04"
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError,
    IndexError, AttributeError, EOFError, OSError, OverflowError, SyntaxError, RuntimeError,
    NotImplementedError,
)  # fmt: skip
"""What openpyxl and zipfile raise on damaged parts; the parser's own error is a SyntaxError."""


class TableError(ValueError):
    """The file cannot be read as a table; the message is for a person."""


@dataclass(frozen=True)
class Sheet:
    """A table: its name in a workbook, and its rows of text."""

    name: str
    rows: list[list[str]]


def read_sheets(content: bytes) -> list[Sheet]:
    """Answer the tables of a file: one of a CSV, up to ten of a workbook. Raises TableError."""
    if len(content) > MAX_BYTES:
        raise TableError(f"The file is larger than {MAX_BYTES // 1024**2} MB.")
    if not content.strip():
        raise TableError("The file is empty.")
    if content.startswith(_ZIP):
        _check_workbook(content)
        return _read_workbook(content)
    if b"\0" in content[:_BEGINNING]:
        raise TableError("This is neither a CSV file nor an Excel workbook (.xlsx).")
    return [Sheet("", _read_csv(_decoded(content)))]


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # what Excel writes on Windows


def _read_csv(text: str) -> list[list[str]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        return _limited(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise TableError(
            "The CSV file is damaged: a text in it is too long or not closed."
        ) from error


def _check_workbook(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            _check_sizes(parts)
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as stream:
                        _check_beginning(stream.read(_BEGINNING))
    except TableError:
        raise
    except _UNREADABLE as error:
        raise TableError("The workbook is damaged. Open and save it again, or use CSV.") from error


def _check_sizes(parts: list[zipfile.ZipInfo]) -> None:
    if not any(part.filename.startswith("xl/") for part in parts):
        raise TableError("This is not an Excel workbook. Save it as .xlsx or CSV.")
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise TableError("The workbook is too large once it is unpacked.")


def _check_beginning(beginning: bytes) -> None:
    if b"<!DOCTYPE" in beginning or b"<!ENTITY" in beginning or b"\0" in beginning:
        raise TableError("The workbook holds what Excel never writes, so it is not read.")


def _read_workbook(content: bytes) -> list[Sheet]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            return [
                Sheet(sheet.title, _limited(_texts(sheet)))
                for sheet in book.worksheets[:MAX_SHEETS]
            ]
        finally:
            book.close()
    except TableError:
        raise
    except (InvalidFileException, *_UNREADABLE) as error:
        raise TableError("The workbook is damaged. Open and save it again, or use CSV.") from error


def _texts(sheet: Any) -> Iterator[list[str]]:
    for row in sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS):
        yield [_text(cell) for cell in row]


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "Y" if cell else "N"
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _limited(rows: Any) -> list[list[str]]:
    kept = []
    for number, row in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise TableError(f"The file has more than {MAX_ROWS:,} rows.")
        kept.append([cell.strip()[:MAX_CELL] for cell in row[:MAX_COLUMNS]])
    return kept


def folded(header: str) -> str:
    """Answer letters and digits only, small: “Support Item Number” and SupportItemNumber are equal."""
    return "".join(sign for sign in header.casefold() if sign.isalnum())
