"""What an import reads from: one Protocol for every form in which FileMaker data arrives.

Ids are FileMaker's own (table id, field id, record id), so that the same clinic's file, its XML
export and its server answer with the same keys. Text stands exactly as FileMaker stored it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from onboarding.filemaker.fmp import varint

FieldKind = Literal["normal", "calc", "summary"]
FieldType = Literal["text", "number", "date", "time", "timestamp", "container"]
DateOrder = Literal["MDY", "DMY", "YMD"]
Cells = dict[tuple[int, int], str]

EMBEDDED_MARK = "\ue000"


@dataclass(frozen=True, slots=True)
class Table:
    """A base table. `record_count` counts completely blank records too."""

    id: int
    name: str
    record_count: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field. `derived`: a calculation or summary, which an import must not take as entered.

    `is_nameless`: the source has values of the field but no name; `name` is made of its number.
    """

    id: int
    name: str
    kind: FieldKind
    type: FieldType
    repetitions: int
    is_global: bool
    comment: str
    derived: bool
    is_nameless: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `values` is keyed by (field id, repetition from 1). A blank one has none."""

    id: int
    modification_count: int
    values: Cells


@dataclass(frozen=True, slots=True)
class Locale:
    """How the file writes dates, times and numbers as text; `am` and `pm` are empty at 24 h."""

    date_order: DateOrder
    date_separator: str
    decimal_separator: str
    thousands_separator: str
    time_separator: str
    am: str
    pm: str


@dataclass(frozen=True, slots=True)
class Relationship:
    """One predicate between two table occurrences: left field, operator, right field.

    A table id is None where the occurrence shows a table of another file.
    """

    id: int
    left_occurrence: str
    left_table_id: int | None
    left_field_id: int
    operator: str
    right_occurrence: str
    right_table_id: int | None
    right_field_id: int


@dataclass(frozen=True, slots=True)
class ValueList:
    """A value list: `values` when typed in by hand, else the field whose contents it shows."""

    id: int
    name: str
    values: tuple[str, ...]
    table_id: int | None = None
    field_id: int | None = None


@dataclass(frozen=True, slots=True)
class ExternalSource:
    """Another file that this one refers to: the solution is spread over several files."""

    id: int
    name: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExternalOccurrence:
    """A table occurrence that shows a table of another file, named by that file's own table id."""

    name: str
    source_id: int
    table_id: int


@dataclass(frozen=True, slots=True)
class ContainerRef:
    """What the text of a container cell says: an object inside the file, or paths outside it."""

    object_id: int | None = None
    paths: tuple[str, ...] = ()

    @property
    def is_external(self) -> bool:
        return self.object_id is None and bool(self.paths)

    @classmethod
    def from_cell(cls, text: str) -> "ContainerRef":
        """Read a container cell: hexadecimal object key and a mark, or lines of paths."""
        head, mark, _ = text.partition(EMBEDDED_MARK)
        head = head.strip('"')
        if mark and re.fullmatch(r"(?:[0-9A-F]{2}){1,4}", head):
            number = varint.decode_or_none(bytes.fromhex(head))
            if number is not None:
                return cls(object_id=number)
        lines = (line.strip() for line in re.split(r"[\r\n]+", text))
        return cls(paths=tuple(line for line in lines if line))


@dataclass(frozen=True, slots=True)
class ContainerObject:
    """A file or picture kept inside the source, with its streams by four-letter type.

    `streams` gives lengths in bytes, `main` the stream a person would call the file (others are
    previews). The bytes are read when asked for, piece by piece.
    """

    id: int
    file_name: str
    kind: str
    streams: Mapping[str, int]
    main: str
    width: int
    height: int
    reader: Callable[[str], Iterator[bytes]] = field(repr=False, compare=False)

    @property
    def size(self) -> int:
        """Length of the main stream in bytes."""
        return self.streams.get(self.main, 0)

    def chunks(self, stream: str = "") -> Iterator[bytes]:
        """Yield the bytes of `stream` (the main one by default) in pieces of at most 64 KiB."""
        return self.reader(stream or self.main)

    def read(self, stream: str = "") -> bytes:
        """Return the bytes of `stream` (the main one by default) at once."""
        return b"".join(self.chunks(stream))


@dataclass(frozen=True, slots=True)
class SourceWarning:
    """Something the clinic should know; `facts` are numbers and names for screens and logs."""

    code: str
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, **self.facts}


class Source(Protocol):
    """Everything an import asks of FileMaker data, wherever it is kept."""

    def tables(self) -> Sequence[Table]:
        """Return the tables in order of id."""
        ...

    def fields(self, table_id: int) -> Sequence[Field]:
        """Return the fields of a table in order of id, those of an export in its own order."""
        ...

    def records(self, table_id: int) -> Iterator[Record]:
        """Yield the records in order of id, blank ones included, in bounded memory.

        An export without record ids yields them in its own order, under ids made of their content.
        """
        ...

    def global_values(self, table_id: int) -> Cells:
        """Return the values of the table's global fields, which belong to no record."""
        ...

    def containers(self, table_id: int) -> Iterator[ContainerObject]:
        """Yield the objects in the table's container store."""
        ...

    def container(self, table_id: int, object_id: int) -> ContainerObject | None:
        """Return one object of the table's container store."""
        ...

    def relationships(self) -> Sequence[Relationship]: ...

    def value_lists(self) -> Sequence[ValueList]: ...

    def external_sources(self) -> Sequence[ExternalSource]: ...

    def locale(self) -> Locale | None:
        """Return how the source writes dates and numbers, or None where it does not say."""
        ...

    @property
    def warnings(self) -> Iterable[SourceWarning]:
        """What went wrong or is missing so far; reading records may add to it."""
        ...
