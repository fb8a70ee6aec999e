"""CSV, TAB and merge files as a `Source` of one table.

FileMaker writes a return inside a field as 0x0B, repetitions with 0x1D between them, and ends lines
with CR, LF or both. CSV and TAB have no row of names, merge has one; TAB has no quotation marks.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from onboarding.filemaker.exports.choices import DELIMITERS, Choices
from onboarding.filemaker.exports.encoding import (
    LABELS,
    EncodingGuess,
    guess_encoding,
    length_of_mark,
)
from onboarding.filemaker.exports.errors import (
    BrokenQuotesError,
    EncodingError,
    NoColumnsError,
    TooLargeExportError,
)
from onboarding.filemaker.exports.header_row import HeaderGuess, guess_header
from onboarding.filemaker.exports.identity import key_candidates
from onboarding.filemaker.exports.rows import MAX_COLUMNS, MAX_NAME, Column, Row, RowFile, RowTable

LONGEST_LINE = 16 * 1024**2
PREVIEW_ROWS = 5
_SAMPLE_ROWS = 60
_SAMPLE_CHARACTERS = 200_000
_PREVIEW_CELL = 80
_MOST_LINES_OF_A_ROW = 5_000
_MOST_LISTED = 100
_END_OF_OLD_FILES = "\x1a"


@dataclass(frozen=True, slots=True)
class EncodingChoice:
    """One encoding the file may be in, with its first five rows read that way."""

    encoding: str
    label: str
    is_guess: bool
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Written:
    """How a file is written, as far as it shows: what a person is asked to confirm."""

    encodings: tuple[EncodingChoice, ...]
    encoding_reason: str
    is_certain: bool
    delimiter: str
    header: HeaderGuess
    names: tuple[str, ...]
    """Of the columns: from the first row, or made up."""
    key_candidates: tuple[int, ...]
    """Columns, from 1, whose names say that they number the rows."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What reading a file needs to know."""

    encoding: str
    delimiter: str
    is_quoted: bool
    has_header: bool


def describe(path: Path, *, name: str = "", choices: Choices | None = None) -> Written:
    """Guess how the file is written; what was chosen is taken as it is. Raises NoColumnsError."""
    choices = choices or Choices()
    guess, dialect, header = _study(path, name, choices)
    plausible = dict.fromkeys((dialect.encoding, *guess.plausible))
    rows = _first_rows(path, dialect, 1)
    first = rows[0] if rows else []
    names = _names(first) if dialect.has_header else [column_name(i) for i in range(len(first))]
    return Written(
        encodings=tuple(
            EncodingChoice(
                encoding,
                LABELS[encoding],
                encoding == guess.encoding,
                _preview(path, replace(dialect, encoding=encoding)),
            )
            for encoding in plausible
        ),
        encoding_reason=guess.reason,
        is_certain=guess.is_certain,
        delimiter=dialect.delimiter,
        header=header,
        names=tuple(names),
        key_candidates=tuple(index + 1 for index in key_candidates(names)),
    )


def column_name(index: int) -> str:
    return f"Column {index + 1}"


class DelimitedFile(RowFile):
    """A text file of rows; read twice: once to look it through, once for its records."""

    def __init__(self, path: Path, *, name: str = "", choices: Choices | None = None) -> None:
        super().__init__()
        self._path = path
        choices = choices or Choices()
        guess, self.dialect, header = _study(path, name, choices)
        self._odd_rows = 0
        self._odd_lines: list[int] = []
        first = next(iter(_first_rows(path, self.dialect, 1)), [])
        has_header = self.dialect.has_header
        names = _names(first) if has_header else [column_name(i) for i in range(len(first))]
        self._width = len(first)
        table = RowTable(
            id=1,
            name=PurePath(name.replace("\\", "/")).stem or "Records",
            columns=[Column(text) for text in names],
            rows=self._rows,
            key=choices.key,
            has_names=has_header,
        )
        self.add_table(table)
        self.note_dates()
        if not guess.is_certain and not choices.encoding:
            self.warn(
                "encoding-guessed",
                f"{guess.reason} Check a few names with accents before you import.",
                encoding=self.dialect.encoding,
            )
        if choices.header is None and not header.is_certain:
            self.warn("header-guessed", header.reason, header=header.has_header)
        if self._odd_rows:
            self.warn(
                "ragged-rows",
                f"{self._odd_rows} rows have another number of columns than the first, "
                f"beginning with line {self._odd_lines[0]}. Missing cells are empty, further ones "
                "are called by their number.",
                lines=self._odd_lines,
                count=self._odd_rows,
            )

    def _rows(self) -> Iterator[Row]:
        self._odd_rows, self._odd_lines = 0, []
        skip = self.dialect.has_header
        for line, cells in read_rows(self._path, self.dialect):
            if skip:
                skip = False
                continue
            if len(cells) != self._width:
                self._odd_rows += 1
                if len(self._odd_lines) < _MOST_LISTED:
                    self._odd_lines.append(line)
            yield Row([_repetitions(cell) for cell in cells])


def _repetitions(cell: str) -> list[str]:
    if "\x0b" in cell or "\r" in cell:
        cell = cell.replace("\x0b", "\n").replace("\r\n", "\n").replace("\r", "\n")
    return cell.split("\x1d") if "\x1d" in cell else [cell]


def _study(path: Path, name: str, choices: Choices) -> tuple[EncodingGuess, Dialect, HeaderGuess]:
    guess = guess_encoding(path)
    encoding = choices.encoding or guess.encoding
    sample = _sample(path, encoding)
    delimiter = choices.delimiter or _guess_delimiter(sample)
    dialect = Dialect(encoding, delimiter, _is_quoted(sample, delimiter), has_header=False)
    rows = _first_rows(path, dialect, _SAMPLE_ROWS)
    header = guess_header(rows, is_merge=PurePath(name).suffix.casefold() == ".mer")
    has_header = header.has_header if choices.header is None else choices.header
    if choices.header is not None:
        header = HeaderGuess(choices.header, "You said so.", is_certain=True)
    return guess, replace(dialect, has_header=has_header), header


def _sample(path: Path, encoding: str) -> str:
    with path.open("rb") as file:
        start = file.read(_SAMPLE_CHARACTERS)
    return start[length_of_mark(start) :].decode(encoding, "replace")


def _guess_delimiter(sample: str) -> str:
    """Answer what parts the most rows into the same number of columns, more than one."""
    best, most = "", 0.0
    for delimiter in DELIMITERS:
        text = io.StringIO(sample, newline="")
        quoted = _is_quoted(sample, delimiter)
        widths = []
        try:
            for row in csv.reader(
                text, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
            ):
                widths.append(len(row))
                if len(widths) == _SAMPLE_ROWS:
                    break
        except csv.Error:
            continue
        widths = [width for width in widths if width] or [1]
        usual = max(set(widths), key=widths.count)
        score = widths.count(usual) / len(widths) * min(usual, 20) ** 0.5
        if usual > 1 and score > most:
            best, most = delimiter, score
    if not best:
        raise NoColumnsError
    return best


def _is_quoted(sample: str, delimiter: str) -> bool:
    """In a TAB file of FileMaker's a quotation mark is only a sign; others quote cells in it."""
    if delimiter != "\t":
        return True
    cells = [cell.strip("\r\n") for cell in sample[:50_000].split("\t")]
    filled = [cell for cell in cells if cell]
    quoted = sum(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in filled)
    return bool(filled) and quoted > len(filled) / 2


def read_rows(path: Path, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line (from 1) it ends in; rows of no cells are left out.

    Raises EncodingError, BrokenQuotesError, TooLargeExportError.
    """
    csv.field_size_limit(LONGEST_LINE)
    with path.open("rb") as raw:
        raw.seek(length_of_mark(raw.read(4)))
        with io.TextIOWrapper(raw, encoding=dialect.encoding, newline="") as text:
            lines = _Lines(text)
            reader = csv.reader(
                lines,
                delimiter=dialect.delimiter,
                quoting=csv.QUOTE_MINIMAL if dialect.is_quoted else csv.QUOTE_NONE,
            )
            try:
                for cells in reader:
                    lines.end_row(is_quoted=dialect.is_quoted)
                    if len(cells) > MAX_COLUMNS:
                        raise TooLargeExportError(f"A row has more than {MAX_COLUMNS:,} columns.")
                    if cells and cells != [_END_OF_OLD_FILES]:
                        yield lines.number, cells
            except csv.Error:
                raise BrokenQuotesError(
                    f"A quotation mark opens a cell in line {lines.row_begins} and is never closed.",
                    line=lines.row_begins,
                ) from None
            except UnicodeError:
                raise EncodingError(
                    f"From line {lines.number + 1} on the text is not {LABELS[dialect.encoding]}.",
                    line=lines.number + 1,
                ) from None


class _Lines:
    """The lines of a file, bounded in length, and the place of the row that is being read."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.number = 0
        self.row_begins = 1
        self._quotes = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise TooLargeExportError(f"Line {self.number + 1} is longer than 16 MB.")
            self.number += 1
            self._quotes += line.count('"')
            if self.number - self.row_begins > _MOST_LINES_OF_A_ROW:
                raise csv.Error
            yield line

    def end_row(self, *, is_quoted: bool) -> None:
        """Note that a row has ended; one of several lines with an odd quotation mark is broken."""
        if is_quoted and self.number > self.row_begins and self._quotes % 2:
            raise csv.Error
        self.row_begins, self._quotes = self.number + 1, 0


def _first_rows(path: Path, dialect: Dialect, count: int) -> list[list[str]]:
    rows: list[list[str]] = []
    for _, cells in read_rows(path, dialect):
        rows.append(cells)
        if len(rows) == count:
            break
    return rows


def _preview(path: Path, dialect: Dialect) -> tuple[tuple[str, ...], ...]:
    """Answer the first five rows, those with accented letters before others."""
    sample = _sample(path, dialect.encoding)
    reader = csv.reader(
        io.StringIO(sample, newline=""),
        delimiter=dialect.delimiter,
        quoting=csv.QUOTE_MINIMAL if dialect.is_quoted else csv.QUOTE_NONE,
    )
    rows: list[list[str]] = []
    try:
        for cells in reader:
            if cells:
                rows.append(cells)
            if len(rows) > 10 * _SAMPLE_ROWS:
                break
    except csv.Error:
        pass  # cut off in the middle of a cell: what was read so far is enough to look at
    telling = [i for i, cells in enumerate(rows) if not "".join(cells).isascii()][:PREVIEW_ROWS]
    others = [i for i in range(len(rows)) if i not in set(telling)]
    chosen = sorted([*telling, *others[: PREVIEW_ROWS - len(telling)]])
    return tuple(
        tuple(
            cell.replace("\x0b", " ⏎ ").replace("\x1d", " | ")[:_PREVIEW_CELL] for cell in rows[i]
        )
        for i in chosen
    )


def _names(first: list[str]) -> list[str]:
    """Answer the first row as names; a column without one is called by its number."""
    names = [" ".join(cell.replace("\x0b", " ").split())[:MAX_NAME] for cell in first]
    return [name or column_name(index) for index, name in enumerate(names)]
