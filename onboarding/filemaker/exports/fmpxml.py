"""FMPXMLRESULT, FileMaker's XML of a found set, as a `Source` of one table.

Columns go by position: COL n belongs to FIELD n. Several DATA in a COL are repetitions, or, where
the name has “::”, related rows, kept as repetitions. The grammar is in Claris's help under
"About the FMPXMLRESULT grammar".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from onboarding.filemaker.exports.date_order import DateEvidence, locale_of_formats
from onboarding.filemaker.exports.errors import (
    ExportFailedError,
    NoRecordsXmlError,
    TooLargeExportError,
    XmlGrammarError,
)
from onboarding.filemaker.exports.rows import MAX_COLUMNS, MAX_NAME, Column, Row, RowFile, RowTable
from onboarding.filemaker.exports.safe_xml import SafeParser
from onboarding.filemaker.fmp.records import Account
from onboarding.filemaker.sources import FieldType, Locale

ROOT = "FMPXMLRESULT"
_DESCRIPTIONS = frozenset({"FMPReport", "FMSaveAsXML", "FMDynamicTemplate", "FMXMLSnippet"})
_TYPES: Mapping[str, FieldType] = {
    "TEXT": "text",
    "NUMBER": "number",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "CONTAINER": "container",
}
_DATES = frozenset({"date", "timestamp"})
_MOST_TEXT = 64 * 1024**2
"""Characters of one record: a record is held whole."""
_LONGEST_NUMBER = 18


@dataclass(slots=True)
class Head:
    """What stands before the records."""

    error: int = 0
    database: str = ""
    layout: str = ""
    date_format: str = ""
    time_format: str = ""
    version: str = ""
    columns: list[Column] = field(default_factory=list)
    found: int | None = None


class _Grammar:
    """Follows the tags of one pass; rows gather in `rows` until they are taken away."""

    def __init__(self) -> None:
        self.head = Head()
        self.rows: list[Row] = []
        self._path: list[str] = []
        self._row: Row | None = None
        self._data: list[str] | None = None
        self._weight = 0
        self._error_text = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if not self._path:
            _check_root(name)
        self._path.append(name)
        if name == "DATA" and self._row is not None:
            self._data = []
        elif name == "COL" and self._row is not None:
            self._row.cells.append([])
            if len(self._row.cells) > MAX_COLUMNS:
                raise TooLargeExportError(f"A record has more than {MAX_COLUMNS:,} columns.")
        elif name == "ROW":
            number, count = (_number(attributes.get(key, "")) for key in ("RECORDID", "MODID"))
            self._row, self._weight = Row([], number, count), 0
        else:
            self._note_head(name, attributes)

    def _note_head(self, name: str, attributes: Mapping[str, str]) -> None:
        head = self.head
        if name == "FIELD" and "METADATA" in self._path:
            kind = _TYPES.get(attributes.get("TYPE", "").upper(), "text")
            head.columns.append(Column(attributes.get("NAME", "")[:MAX_NAME], kind, kind in _DATES))
            if len(head.columns) > MAX_COLUMNS:
                raise TooLargeExportError(f"The export has more than {MAX_COLUMNS:,} fields.")
        elif name == "DATABASE":
            head.database, head.layout = attributes.get("NAME", ""), attributes.get("LAYOUT", "")
            head.date_format = attributes.get("DATEFORMAT", "")
            head.time_format = attributes.get("TIMEFORMAT", "")
        elif name == "RESULTSET" and attributes.get("FOUND", "").isdecimal():
            head.found = _number(attributes["FOUND"])
        elif name == "PRODUCT":
            head.version = attributes.get("VERSION", "")

    def end(self, name: str) -> None:
        self._path.pop()
        if name == "DATA" and self._data is not None and self._row is not None:
            text = "".join(self._data).replace("\r\n", "\n").replace("\r", "\n")
            if self._row.cells:
                self._row.cells[-1].append(text)
            self._data = None
        elif name == "ROW" and self._row is not None:
            self.rows.append(self._row)
            self._row = None
        elif name == "ERRORCODE":
            self.head.error = _number(self._error_text)
            if self.head.error:
                raise ExportFailedError(
                    f"FileMaker reported error {self.head.error} instead of writing records.",
                    number=self.head.error,
                )

    def text(self, text: str) -> None:
        if self._data is not None:
            self._weight += len(text)
            if self._weight > _MOST_TEXT:
                raise TooLargeExportError("One record of the XML is larger than 64 MB.")
            self._data.append(text)
        elif self._path and self._path[-1] == "ERRORCODE":
            self._error_text = (self._error_text + text)[:_LONGEST_NUMBER]


def _check_root(name: str) -> None:
    if name == ROOT:
        return
    if name in _DESCRIPTIONS:
        raise NoRecordsXmlError
    raise XmlGrammarError(
        f"This XML begins with <{name[:40]}>: it is not in FileMaker's FMPXMLRESULT grammar."
    )


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else 0


class XmlFile(RowFile):
    """An FMPXMLRESULT file; read twice: once to look it through, once for its records."""

    def __init__(self, path: Path, *, name: str = "", key: int | None = None) -> None:
        super().__init__()
        self._path = path
        self.replaced = 0
        self.head = self._read_head()
        stem = PurePath(name.replace("\\", "/")).stem or PurePath(self.head.database).stem
        table = RowTable(
            id=1,
            name=(self.head.layout or stem)[:MAX_NAME] or "Records",
            columns=list(self.head.columns),
            rows=self._rows,
            key=key,
        )
        declared = len(table.columns)
        self.add_table(table)
        self._note_count(table)
        self._note_columns(table, declared)
        self._note_dates(table.survey.dates)
        if self.replaced:
            self.warn(
                "control-characters",
                f"The XML held {self.replaced} control characters, which XML does not allow. "
                "Line breaks among them became line breaks, the others blanks.",
                count=self.replaced,
            )

    def locale(self) -> Locale | None:
        declared = locale_of_formats(self.head.date_format, self.head.time_format)
        evidence = self._evidence().locale()
        if declared is None:
            return evidence
        if evidence is not None and evidence.date_order != declared.date_order:
            return evidence
        return declared

    def _read_head(self) -> Head:
        grammar = _Grammar()
        for _ in self._parser(grammar).parse(self._path):
            if grammar.head.found is not None or grammar.rows:
                break
        return grammar.head

    def _rows(self) -> Iterator[Row]:
        grammar = _Grammar()
        parser = self._parser(grammar)
        for _ in parser.parse(self._path):
            yield from grammar.rows
            grammar.rows.clear()
        self.replaced = parser.replaced

    @staticmethod
    def _parser(grammar: _Grammar) -> SafeParser:
        return SafeParser(start=grammar.start, end=grammar.end, text=grammar.text)

    def _note_count(self, table: RowTable) -> None:
        found, rows = self.head.found, table.survey.rows
        if found is None or found == rows:
            return
        table.announced = found
        table.account = Account(
            expected=found,
            with_data=min(found, rows),
            lost=max(found - rows, 0),
            unlisted=max(rows - found, 0),
        )
        self.warn(
            "count-disagrees",
            f"The export announces {found} records and holds {rows}. "
            "Export it again unless you know why.",
            announced=found,
            rows=rows,
        )

    def _note_columns(self, table: RowTable, declared: int) -> None:
        if table.survey.width > declared:
            self.warn(
                "columns-disagree",
                f"Some records have {table.survey.width} columns, though the export names only "
                f"{declared} fields. The others are called by their number.",
                declared=declared,
                columns=table.survey.width,
            )

    def _note_dates(self, evidence: DateEvidence) -> None:
        declared = locale_of_formats(self.head.date_format, self.head.time_format)
        if declared is None:
            self.note_dates()
        elif evidence.order not in {None, declared.date_order, "YMD"}:
            self.warn(
                "date-format-disagrees",
                f"The export says that its dates are written {self.head.date_format}, but the "
                "dates themselves are written otherwise, and are read as they are written.",
                declared=self.head.date_format,
            )
