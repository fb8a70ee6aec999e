"""Writers of each format as FileMaker writes it, kept apart from the readers they try."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from types import SimpleNamespace
from xml.sax.saxutils import escape, quoteattr

import pytest
from openpyxl import Workbook

from onboarding.filemaker.demo_clinic import write_demo_clinic
from onboarding.filemaker.fmp.reader import open_file

XML_TYPES = {
    "text": "TEXT", "number": "NUMBER", "date": "DATE", "time": "TIME", "timestamp": "TIMESTAMP",
    "container": "CONTAINER",
}  # fmt: skip
TODAY = datetime.now(UTC).date()


def write_xml(path, columns, rows, *, date_format="d/MM/yyyy", found=None, ids=None, end="\n"):
    """`columns`: (name, type, repetitions); `rows`: for each column the list of its repetitions."""
    fields = "".join(
        f'<FIELD EMPTYOK="YES" MAXREPEAT="{repetitions}" NAME={quoteattr(name)} '
        f'TYPE="{XML_TYPES[kind]}"/>'
        for name, kind, repetitions in columns
    )
    lines = []
    for number, row in enumerate(rows, start=1):
        record, modifications = (number, 1) if ids is None else ids[number - 1]
        cells = "".join(
            "<COL>" + "".join(f"<DATA>{escape(text)}</DATA>" for text in texts) + "</COL>"
            for texts in row
        )
        lines.append(f'<ROW MODID="{modifications}" RECORDID="{record}">{cells}</ROW>{end}')
    count = len(rows) if found is None else found
    text = (
        '<?xml version="1.0" encoding="UTF-8" ?>'
        '<FMPXMLRESULT xmlns="http://www.filemaker.com/fmpxmlresult"><ERRORCODE>0</ERRORCODE>'
        '<PRODUCT BUILD="02-13-2018" NAME="FileMaker" VERSION="Pro 16.0.5"/>'
        f'<DATABASE DATEFORMAT="{date_format}" LAYOUT="" NAME="Clinic.fmp12" RECORDS="{count}" '
        f'TIMEFORMAT="h:mm:ss a"/><METADATA>{fields}</METADATA>'
        f'<RESULTSET FOUND="{count}">{"".join(lines)}</RESULTSET></FMPXMLRESULT>'
    )
    path.write_text(text, encoding="utf-8", newline="")
    return path


def write_text(path, rows, *, names=None, delimiter=",", encoding="utf-8", end="\r"):
    """As FileMaker: 0x0B for a return, 0x1D between repetitions; TAB has no quotation marks."""
    quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_ALL
    out = io.StringIO(newline="")
    writer = csv.writer(
        out, delimiter=delimiter, quoting=quoting, quotechar=None if quoting == csv.QUOTE_NONE else '"',
        lineterminator=end,
    )  # fmt: skip
    if names is not None:
        writer.writerow(names)
    for row in rows:
        cells = ["\x1d".join(texts).replace("\r", "\x0b").replace("\n", "\x0b") for texts in row]
        writer.writerow([cell.replace("\t", " ") for cell in cells] if delimiter == "\t" else cells)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def write_xlsx(path, sheets, *, epoch=None):
    """`sheets`: name → rows of values as openpyxl takes them."""
    book = Workbook()
    book.remove(book.active)
    if epoch is not None:
        book.epoch = epoch
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


@pytest.fixture(scope="session")
def write():
    """The writers, by format."""
    return SimpleNamespace(xml=write_xml, text=write_text, xlsx=write_xlsx)


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """A small demo clinic's file, and what must be in it."""
    path = tmp_path_factory.mktemp("demo") / "Clinic.fmp12"
    return write_demo_clinic(path, factor=0.03, seed=20261121, today=TODAY, with_containers=False)


@pytest.fixture(scope="session")
def demo_patients(demo):
    """The demo clinic's patients as FileMaker would export them: columns and rows."""
    with open_file(demo.path) as file:
        table = next(table for table in file.tables() if table.name == "Patients")
        fields = [f for f in file.fields(table.id) if not f.is_global and f.kind == "normal"]
        records = list(file.records(table.id))
    columns = [(f.name, f.type, f.repetitions) for f in fields]
    rows = [
        [
            [record.values.get((f.id, number), "") for number in range(1, f.repetitions + 1)]
            for f in fields
        ]
        for record in records
    ]
    ids = [(record.id, record.modification_count) for record in records]
    return SimpleNamespace(columns=columns, rows=rows, ids=ids)


def as_excel(kind, text):
    """A cell as FileMaker puts it into a workbook: dates that are dates, numbers that are numbers."""
    if kind == "date":
        try:
            day, month, year = (int(part) for part in text.split("/"))
            found = datetime.combine(date(year, month, day), datetime.min.time())
        except ValueError:
            return text or None
        return found if year >= 1900 else text  # Excel has no days before
    if kind == "number" and text.isdecimal():
        return int(text)
    return text or None


@pytest.fixture
def exported(demo_patients, tmp_path):
    """Writes the demo clinic's patients in one of the formats: `exported("csv")`."""
    columns, rows, ids = demo_patients.columns, demo_patients.rows, demo_patients.ids
    names = [name for name, _, _ in columns]

    def export(kind):
        path = tmp_path / f"Patients.{kind}"
        if kind == "xml":
            return write_xml(path, columns, rows, ids=ids)
        if kind == "csv":
            return write_text(path, rows, names=names)
        if kind == "mer":
            return write_text(path, rows, names=names, encoding="utf-16")
        if kind == "tab":
            return write_text(path, rows, names=names, delimiter="\t")
        values = [
            [
                as_excel(kind, "\n".join(filter(None, texts)))
                for (_, kind, _), texts in zip(columns, row, strict=True)
            ]
            for row in rows
        ]
        return write_xlsx(path, {"Patients": [names, *values]})

    return export
