"""What the double serves: a database held in memory, seeded from any Source, changeable by tests.

Shares no code with the clients; how values are shown follows DATAAPI notes and recorded answers.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

from onboarding.filemaker.sources import ContainerRef

FIRST_OCCURRENCE = 1_065_089
_CLOCK = re.compile(r"(\d{1,3})[:.](\d\d)(?:[:.](\d\d)(\.\d+)?)?(?:\s*([AaPp][Mm]))?")


@dataclass
class Record:
    id: int
    modification_count: int
    values: dict


@dataclass
class Table:
    id: int
    name: str
    fields: list
    records: list
    global_values: dict
    files: dict = field(default_factory=dict)
    occurrences: list = field(default_factory=list)

    def field_named(self, name):
        return next((f for f in self.fields if f.name == name), None)

    def record(self, record_id):
        return next((r for r in self.records if r.id == record_id), None)


@dataclass
class Portal:
    name: str
    table: Table
    parent_field: str
    child_field: str

    def rows(self, parent_table, parent):
        key = parent.values.get((parent_table.field_named(self.parent_field).id, 1))
        child = self.table.field_named(self.child_field).id
        return [r for r in self.table.records if key and r.values.get((child, 1)) == key]


@dataclass
class Layout:
    name: str
    table: Table
    fields: list
    folder: tuple = ()
    portals: list = field(default_factory=list)
    related: list = field(default_factory=list)


@dataclass
class Database:
    name: str
    tables: list
    layouts: list
    locale: object
    value_lists: list = field(default_factory=list)

    def layout(self, name):
        return next((entry for entry in self.layouts if entry.name == name), None)

    def table(self, name):
        return next(entry for entry in self.tables if entry.name == name)

    def occurrence(self, name):
        for table in self.tables:
            for number, occurrence in table.occurrences:
                if name in (occurrence, f"FMTID:{number}"):
                    return table
        return None


def seed_from(source, name="Clinic"):
    """Take everything a source holds into memory; a layout and an occurrence for each table."""
    tables = []
    for nth, table in enumerate(source.tables()):
        files = {
            found.id: (found.read(), found.file_name or f"{found.id}.bin")
            for found in source.containers(table.id)
        }
        tables.append(
            Table(
                table.id,
                table.name,
                list(source.fields(table.id)),
                [
                    Record(r.id, r.modification_count, dict(r.values))
                    for r in source.records(table.id)
                ],
                dict(source.global_values(table.id)),
                files,
                [(FIRST_OCCURRENCE + nth, table.name)],
            )
        )
    layouts = [
        Layout(t.name, t, list(t.fields), folder=("Import",) if nth % 2 else ())
        for nth, t in enumerate(tables)
    ]
    lists = [entry for entry in source.value_lists() if entry.values]
    return Database(name, tables, layouts, source.locale(), lists)


def file_of(table, text):
    """The bytes and name that a container cell stands for, or None for a path outside."""
    ref = ContainerRef.from_cell(text)
    return None if ref.is_external else table.files.get(ref.object_id)


class Shown:
    """How a server writes values: `dates` is 0 (MM/DD/YYYY), 1 (as in the file) or 2 (ISO)."""

    def __init__(self, locale, dates):
        self.locale = locale
        self.dates = dates

    def value(self, kind, text):
        if kind == "number":
            return self.number(text)
        if kind == "date":
            return self.date(text)
        if kind == "time":
            return self.time(text)
        if kind == "timestamp":
            head, _, tail = text.partition(" ")
            day, clock = self.parse_date(head), self.parse_time(tail)
            if day is None or clock is None:
                return text
            return f"{self.date(head)} {self.time(tail)}"
        return text

    def number(self, text):
        """A JSON number where the cell is one, as a double; words stay text."""
        plain = text.strip()
        if self.locale and self.locale.decimal_separator == ",":
            plain = plain.replace(".", "").replace(",", ".")
        if not re.fullmatch(r"-?(\d+\.?\d*|\.\d+)", plain):
            return text
        number = Decimal(plain)
        if number == int(number) and abs(number) < 10**15:
            return int(number)
        return float(number)

    def parse_date(self, text):
        parts = re.fullmatch(r"(\d{1,4})\D(\d{1,2})\D(\d{1,4})", text.strip())
        if not parts:
            return None
        order = self.locale.date_order if self.locale else "MDY"
        numbers = dict(zip(order, map(int, parts.groups()), strict=True))
        try:
            return date(numbers["Y"], numbers["M"], numbers["D"])
        except ValueError:
            return None

    def parse_time(self, text):
        found = _CLOCK.fullmatch(text.strip())
        if not found:
            return None
        hour = int(found[1])
        if found[5]:
            hour = hour % 12 + (12 if found[5].lower() == "pm" else 0)
        try:
            return time(hour, int(found[2]), int(found[3] or 0))
        except ValueError:
            return None

    def date(self, text):
        day = self.parse_date(text)
        if day is None or self.dates == 1:
            return text
        if self.dates == 2:
            return day.isoformat()
        return f"{day.month:02}/{day.day:02}/{day.year:04}"

    def time(self, text):
        clock = self.parse_time(text)
        return text if clock is None or self.dates == 1 else clock.isoformat()

    def moment(self, text):
        """A timestamp as OData writes it, with a zone it does not have."""
        head, _, tail = text.partition(" ")
        day, clock = self.parse_date(head), self.parse_time(tail)
        if day is None or clock is None:
            return None
        return datetime.combine(day, clock).isoformat() + "+10:00"
