"""What the Data API's answers hold, as values: fields, layouts, records and portal rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onboarding.filemaker.live.answers import Json, listing, mapping, number_of, text_of
from onboarding.filemaker.live.errors import BrokenAnswerError

_MOST_DEPTH = 10


@dataclass(frozen=True, slots=True)
class ProductInfo:
    """What the server says of itself; the formats are as in `MM/dd/yyyy`."""

    name: str
    version: str
    date_format: str = ""
    time_format: str = ""
    timestamp_format: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout and the folders it lies in, outermost first; `table` on newer servers only."""

    name: str
    folders: tuple[str, ...] = ()
    table: str = ""


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field as `fieldMetaData` gives it; repetitions as far as the layout shows them."""

    name: str
    type: str
    result: str
    is_global: bool
    repetitions: int
    shown: int
    value_list: str = ""


@dataclass(frozen=True, slots=True)
class ValueListInfo:
    name: str
    type: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LayoutInfo:
    fields: tuple[FieldInfo, ...]
    portals: Mapping[str, tuple[FieldInfo, ...]]
    value_lists: tuple[ValueListInfo, ...]


@dataclass(frozen=True, slots=True)
class PortalRow:
    """A related record as a portal shows it; cells by name, `TO::Field`."""

    id: int
    modification_count: int
    cells: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class DataRecord:
    """One record as sent; cells by name, `Field` or `Field(2)`."""

    id: int
    modification_count: int
    cells: Mapping[str, Json]
    portals: Mapping[str, tuple[PortalRow, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One answer: `found` of `total` records match, `table` is the layout's base table."""

    rows: tuple[DataRecord, ...]
    found: int | None = None
    total: int | None = None
    table: str = ""
    size: int = 0


def flat_layouts(entries: Sequence[Json], folders: tuple[str, ...], depth: int) -> Iterator[Layout]:
    if depth > _MOST_DEPTH:
        raise BrokenAnswerError
    for entry in map(mapping, entries):
        name = text_of(entry.get("name"))
        if entry.get("isFolder") is True:
            inside = listing(entry.get("folderLayoutNames") or [])
            yield from flat_layouts(inside, (*folders, name), depth + 1)
        elif name.strip("- "):  # a line between layouts in FileMaker's menu is named "-"
            yield Layout(name, folders, text_of(entry.get("table")))


def field_info(entry: Mapping[str, Json]) -> FieldInfo:
    most = max(1, number_of(entry.get("maxRepeat") or 1))
    first = number_of(entry.get("repetitionStart") or 1)
    last = number_of(entry.get("repetitionEnd") or 1)
    return FieldInfo(
        name=text_of(entry.get("name")),
        type=text_of(entry.get("type")),
        result=text_of(entry.get("result")),
        is_global=entry.get("global") is True,
        repetitions=min(most, 32_000),
        shown=max(1, last - first + 1),
        value_list=text_of(entry.get("valueList")),
    )


def value_list(entry: Mapping[str, Json]) -> ValueListInfo:
    values = (text_of(mapping(value).get("value")) for value in listing(entry.get("values") or []))
    return ValueListInfo(text_of(entry.get("name")), text_of(entry.get("type")), tuple(values))


def record_of(entry: Mapping[str, Json]) -> DataRecord:
    portals: dict[str, tuple[PortalRow, ...]] = {}
    for name, rows in mapping(entry.get("portalData") or {}).items():
        portals[name] = tuple(portal_row(mapping(row)) for row in listing(rows))
    return DataRecord(
        id=number_of(entry.get("recordId")),
        modification_count=number_of(entry.get("modId") or 0),
        cells=mapping(entry.get("fieldData") or {}),
        portals=portals,
    )


def portal_row(entry: Mapping[str, Json]) -> PortalRow:
    cells: dict[str, Any] = {
        name: cell for name, cell in entry.items() if name not in ("recordId", "modId")
    }
    return PortalRow(number_of(entry.get("recordId")), number_of(entry.get("modId") or 0), cells)
