"""What a FileMaker solution declares: tables, fields, occurrences, relationships, value lists.

Plain values with the file's own names. Ids are chosen by the caller, so that a test can leave gaps;
`Solution` refuses what the catalogue could not express.
"""

from dataclasses import dataclass, field
from enum import IntEnum

FIRST_TABLE_ID = 129
FIRST_OCCURRENCE_ID = 1_065_089
"""Where FileMaker starts to count tables and their occurrences."""


class SchemaError(ValueError):
    """The solution names a table, field or occurrence that is not there, or one twice."""


class FieldKind(IntEnum):
    NORMAL = 1
    CALCULATION = 2
    SUMMARY = 3


class FieldType(IntEnum):
    TEXT = 1
    NUMBER = 2
    DATE = 3
    TIME = 4
    TIMESTAMP = 5
    CONTAINER = 6


class Operator(IntEnum):
    EQUAL = 0
    NOT_EQUAL = 1
    LESS = 2
    AT_MOST = 3
    GREATER = 4
    AT_LEAST = 5
    ANY = 6


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a table. An unstored calculation and a summary have no cells."""

    id: int
    name: str
    type: FieldType = FieldType.TEXT
    kind: FieldKind = FieldKind.NORMAL
    repetitions: int = 1
    is_global: bool = False
    is_unstored: bool = False
    is_serial: bool = False
    is_required: bool = False
    is_unique: bool = False
    comment: str = ""

    def definition(self) -> bytes:
        """Return the 26 bytes that define the field in the catalogue."""
        block = bytearray(26)
        block[0], block[1] = self.kind, self.type
        block[7] = 21 if self.type == FieldType.TEXT else 0
        calculation = self.kind == FieldKind.CALCULATION
        block[9] = self.is_global | self.is_unstored << 1 | calculation << 3
        block[11] = self.is_serial << 1
        block[15] = self.is_required << 3 | self.is_unique << 4
        block[19] = 1
        block[24:26] = self.repetitions.to_bytes(2, "big")
        return bytes(block)


@dataclass(frozen=True, slots=True)
class Table:
    id: int
    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A box of the relationship graph: a table of this file or of an external source."""

    id: int
    name: str
    table_id: int
    source_id: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """One predicate of a relationship: left field, operator, right field, by their ids."""

    left_field_id: int
    right_field_id: int
    operator: Operator = Operator.EQUAL


@dataclass(frozen=True, slots=True)
class Relationship:
    id: int
    left_occurrence_id: int
    right_occurrence_id: int
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class ValueList:
    """A list of custom values, such as the choices of a pop-up menu."""

    id: int
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExternalSource:
    """Another file of the same solution, such as `file:Accounts`."""

    id: int
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Locale:
    """How the file writes numbers, dates and times as text."""

    language: int
    date_order: int
    """0 month first, 1 day first, 2 year first."""

    date_separator: str = "/"
    time_separator: str = ":"
    decimal_separator: str = "."
    thousands_separator: str = ","
    am: str = " AM"
    pm: str = " PM"
    currency: str = "$"

    def block(self) -> bytes:
        """Return the fixed part of the locale block, to which names are appended."""
        separators = (
            ",",
            "\N{LEFT DOUBLE QUOTATION MARK}",
            "\N{RIGHT DOUBLE QUOTATION MARK}",
            self.thousands_separator,
            self.decimal_separator,
            self.date_separator,
            self.time_separator,
        )
        units = b"".join(ord(separator).to_bytes(2, "big") for separator in separators)
        head = self.language.to_bytes(4, "big") + b"\x00\xe3\x80\x00\x00" + units
        return head + bytes((2, self.date_order, 3, 1, 6, 8))


AUSTRALIAN = Locale(language=21, date_order=1)


@dataclass(frozen=True, slots=True)
class Solution:
    """All that stands in a file's catalogue. `locale` is None in a clone."""

    tables: tuple[Table, ...]
    occurrences: tuple[Occurrence, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    value_lists: tuple[ValueList, ...] = ()
    external_sources: tuple[ExternalSource, ...] = ()
    locale: Locale | None = field(default=AUSTRALIAN)
    minimum_version: str = "12.0"
    saved_by: str = "Pro 19.6.3"

    def __post_init__(self) -> None:
        for what in ("tables", "occurrences", "relationships", "value_lists", "external_sources"):
            _check_ascending(what, [each.id for each in getattr(self, what)])
        for table in self.tables:
            if table.id < FIRST_TABLE_ID:
                raise SchemaError(f"table ids start at {FIRST_TABLE_ID}; {table.id} is too small")
            _check_ascending(f"fields of {table.name}", [field.id for field in table.fields])
        known = {table.id for table in self.tables}
        boxes = {box.id for box in self.occurrences}
        for box in self.occurrences:
            if box.source_id == 0 and box.table_id not in known:
                raise SchemaError(f"occurrence {box.name} stands for no table of this file")
        for link in self.relationships:
            if not {link.left_occurrence_id, link.right_occurrence_id} <= boxes:
                raise SchemaError(f"relationship {link.id} joins an occurrence that is not there")

    def table(self, name: str) -> Table:
        for table in self.tables:
            if table.name == name:
                return table
        raise SchemaError(f"the solution has no table {name}")


def _check_ascending(what: str, ids: list[int]) -> None:
    if ids != sorted(set(ids)):
        raise SchemaError(f"{what}: ids must be unique and ascending, not {ids}")
