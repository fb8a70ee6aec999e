"""A database on a FileMaker Server as a `Source`, read by OData.

Field ids, record ids and modification counts are FileMaker's own; a table's id is that of its
occurrence (1,065,089 and up), because OData does not tell the base table's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from onboarding.filemaker.exports.identity import column_ids, folded_name, stable_id
from onboarding.filemaker.live.answers import Json, has_rounded, number_of, text_of
from onboarding.filemaker.live.containers import ObjectIds, Place, cell_of, fetch_object
from onboarding.filemaker.live.dataapi_source import ISO, UnknownTableError, plain_moment
from onboarding.filemaker.live.errors import (
    FileMakerServerError,
    RequestRefusedError,
    SchemaChangedError,
    ServerBrokenError,
    SourceChangingError,
)
from onboarding.filemaker.live.notes import Notes
from onboarding.filemaker.live.occurrences import (
    ROW_ID,
    ROW_MODIFICATION,
    CountedOccurrence,
    choose_occurrences,
)
from onboarding.filemaker.live.odata import LONGEST_URL, ODataClient, quoted
from onboarding.filemaker.live.odata_metadata import Occurrence, Property
from onboarding.filemaker.live.paging import Page, SeenIds, Walk
from onboarding.filemaker.live.transport import Answer
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

_TYPES: Mapping[str, FieldType] = {
    "Edm.Decimal": "number",
    "Edm.Date": "date",
    "Edm.TimeOfDay": "time",
    "Edm.DateTimeOffset": "timestamp",
    "Edm.Binary": "container",
    "Edm.Stream": "container",
}
_MOST_TRIES = 3
_OK = 200


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as sent, with the id the paging asks for."""

    id: int
    modification_count: int
    cells: Mapping[str, Json]


@dataclass(slots=True)
class _Table:
    table: Table
    occurrence: Occurrence
    fields: list[Field]
    objects: ObjectIds
    groups: list[list[str]]
    filled: dict[int, SeenIds | None]


class ODataSource(Source):
    """One database; `tables` names the occurrences to read, otherwise all are."""

    def __init__(self, client: ODataClient, *, tables: Sequence[str] = ()) -> None:
        self._client = client
        self._wanted = tuple(tables)
        self._notes = Notes()
        self._loaded: dict[int, _Table] | None = None
        self._keys_by_row_id = True

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
        self._client.close()

    # --- what is in the database ---------------------------------------------------------------

    def tables(self) -> Sequence[Table]:
        return [entry.table for entry in self._tables.values()]

    def fields(self, table_id: int) -> Sequence[Field]:
        return self._table(table_id).fields

    def records(self, table_id: int) -> Iterator[Record]:
        """Yield the records in the order of the server, which is that of their ids."""
        entry = self._table(table_id)
        walk = self._walk(entry)
        for row in walk:
            yield Record(row.id, row.modification_count, self._cells(entry, row))
        self._notes.note_walk(entry.table, walk)

    def global_values(self, table_id: int) -> Cells:
        """Return the globals' values, which the server sends with every record and not alone."""
        entry = self._table(table_id)
        if not any(each.is_global for each in entry.fields):
            return {}
        rows = self._page(entry, 0, 1).rows
        return self._cells(entry, rows[0], globals_only=True) if rows else {}

    def containers(self, table_id: int) -> Iterator[ContainerObject]:
        """Download every container of the table, the first repetition of each field."""
        entry = self._table(table_id)
        if not entry.objects.slots:
            return
        for row in self._walk(entry, [[ROW_ID, ROW_MODIFICATION]]):
            for field_id, repetition in entry.objects.slots:
                if self._may_be_filled(entry, field_id, row.id):
                    found = self._fetch(entry, (row.id, field_id, repetition))
                    if found:
                        yield found

    def container(self, table_id: int, object_id: int) -> ContainerObject | None:
        entry = self._table(table_id)
        place = entry.objects.place(object_id)
        return self._fetch(entry, place) if place else None

    def relationships(self) -> Sequence[Relationship]:
        """Return none: OData tells which tables are related and not by which fields."""
        return ()

    def value_lists(self) -> Sequence[ValueList]:
        """Return none: OData names a field's value list and not its values."""
        return ()

    def external_sources(self) -> Sequence[ExternalSource]:
        """Return none: OData does not tell them."""
        return ()

    def locale(self) -> Locale | None:
        return ISO

    @property
    def warnings(self) -> Sequence[SourceWarning]:
        return self._notes.all()

    # --- how it is read ------------------------------------------------------------------------

    @property
    def _tables(self) -> dict[int, _Table]:
        if self._loaded is None:
            metadata = self._client.metadata()
            chosen, warnings = choose_occurrences(self._client, metadata, self._wanted)
            self._notes.add(warnings)
            entries = (self._make(counted) for counted in chosen)
            self._loaded = {e.table.id: e for e in sorted(entries, key=lambda e: e.table.id)}
            if not self._loaded:
                self._notes.warn("no-tables", "The account sees no tables by OData.")
        return self._loaded

    def _table(self, table_id: int) -> _Table:
        found = self._tables.get(table_id)
        if found is None:
            raise UnknownTableError(f"this database has no table {table_id}")
        return found

    def _make(self, counted: CountedOccurrence) -> _Table:
        occurrence = counted.occurrence
        made = column_ids([each.name for each in occurrence.properties])
        fields = [
            _field(each, each.id or number)
            for each, number in zip(occurrence.properties, made, strict=True)
        ]
        fields.sort(key=lambda each: each.id)
        slots = [(each.id, 1) for each in fields if each.type == "container"]
        number = occurrence.id or stable_id("table", folded_name(occurrence.name), bits=31)
        table = Table(number, occurrence.name, counted.count)
        sent = [f.name for f in fields if f.type != "container" and f.kind != "summary"]
        return _Table(
            table, occurrence, fields, ObjectIds(slots), self._groups(occurrence, sent), {}
        )

    def _groups(self, occurrence: Occurrence, names: Sequence[str]) -> list[list[str]]:
        """Part the fields so that no request's URL grows too long."""
        groups = [[ROW_ID, ROW_MODIFICATION]]
        for name in names:
            wider = [*groups[-1], name]
            if self._client.url_length(occurrence.name, wider) > LONGEST_URL:
                wider = [ROW_ID, ROW_MODIFICATION, name]
                groups.append(wider)
            else:
                groups[-1] = wider
        return groups

    def _walk(self, entry: _Table, groups: list[list[str]] | None = None) -> Walk[_Row]:
        return Walk(
            lambda place, size: self._page(entry, place, size, groups), self._client.transport.clock
        )

    def _page(
        self, entry: _Table, place: int, size: int, groups: list[list[str]] | None = None
    ) -> Page[_Row]:
        """Return one page, its parts joined by record id.

        A record may move between two parts; then the page is asked for again.
        """
        for _ in range(_MOST_TRIES):
            parts = [
                self._client.rows(
                    entry.occurrence.name, select=group, skip=place, top=size, count=True
                )
                for group in groups or entry.groups
            ]
            marks = [
                [(number_of(r.get(ROW_ID)), number_of(r.get(ROW_MODIFICATION))) for r in part.rows]
                for part in parts
            ]
            if all(other == marks[0] for other in marks):
                rows = [
                    _Row(row_id, count, {k: v for row in joined for k, v in row.items()})
                    for (row_id, count), joined in zip(
                        marks[0], zip(*(part.rows for part in parts), strict=True), strict=True
                    )
                ]
                return Page(rows, parts[0].found, sum(part.size for part in parts))
        raise SourceChangingError

    def _cells(self, entry: _Table, row: _Row, *, globals_only: bool = False) -> Cells:
        cells: Cells = {}
        for found in entry.fields:
            if found.is_global != globals_only:
                continue
            if found.type == "container":
                if self._may_be_filled(entry, found.id, row.id):
                    number = entry.objects.of((row.id, found.id, 1))
                    cells[found.id, 1] = cell_of(number)
                continue
            value = row.cells.get(found.name)
            if found.repetitions > 1 and not isinstance(value, list):
                self._note_repetitions(entry, found)
            values = value if isinstance(value, list) else [value]
            for repetition, single in enumerate(values, start=1):
                text = text_of(single)
                if has_rounded(single):
                    self._note_rounded(entry, found)
                if found.type in ("timestamp", "time"):
                    text = plain_moment(text)
                if text:
                    cells[found.id, repetition] = text
        return cells

    # --- containers ----------------------------------------------------------------------------

    def _may_be_filled(self, entry: _Table, field_id: int, row_id: int) -> bool:
        """Answer whether a record has a file there.

        Rows do not show containers, so the records that have one are asked for once; a server
        that refuses the question leaves every record a candidate.
        """
        if field_id not in entry.filled:
            entry.filled[field_id] = self._filled(entry, field_id)
        known = entry.filled[field_id]
        return known is None or row_id in known

    def _filled(self, entry: _Table, field_id: int) -> SeenIds | None:
        name = next(each.name for each in entry.fields if each.id == field_id)
        seen = SeenIds()

        def fetch(place: int, size: int) -> Page[_Row]:
            part = self._client.rows(
                entry.occurrence.name,
                select=[ROW_ID],
                where=f"{quoted(name)} ne null",
                skip=place,
                top=size,
                count=True,
            )
            rows = [_Row(number_of(row.get(ROW_ID)), 0, {}) for row in part.rows]
            return Page(rows, part.found, part.size)

        try:
            for row in Walk(fetch, self._client.transport.clock):
                seen.add(row.id)
        except (RequestRefusedError, FileMakerServerError, ServerBrokenError, SchemaChangedError):
            self._notes.warn(
                "containers-unknown",
                f'The server does not tell which records of "{entry.table.name}" have a file in '
                f'"{name}", so each one is asked for its file, which takes longer.',
                about=(entry.table.id, field_id),
                table_id=entry.table.id,
                field_id=field_id,
            )
            return None
        return seen

    def _fetch(self, entry: _Table, place: Place) -> ContainerObject | None:
        name = next(each.name for each in entry.fields if each.id == place[1])
        url = ""

        def fetch(into: IO[bytes]) -> Answer | None:
            nonlocal url
            url = self._client.value_url(entry.occurrence.name, self._key(entry, place[0]), name)
            answer = self._client.download(url, into)
            if answer.status == 400 and self._keys_by_row_id and entry.occurrence.keys:  # noqa: PLR2004 - bad request
                self._keys_by_row_id = False
                return fetch(into)
            if answer.status == _OK:
                return answer if into.tell() else None
            if entry.filled.get(place[1]) is not None:
                self._note_missing(entry, place, answer.status)
            return None

        return fetch_object(entry.objects.of(place), fetch, url=f"/{name}")

    def _key(self, entry: _Table, row_id: int) -> str:
        """Return a record's key for a URL: its ROWID, or the table's own key on older servers."""
        keys = entry.occurrence.keys
        if self._keys_by_row_id or len(keys) != 1:
            return f"ROWID={row_id}"
        rows = self._client.rows(
            entry.occurrence.name, select=[ROW_ID, keys[0]], where=f"ROWID eq {row_id}", top=1
        ).rows
        value = text_of(rows[0].get(keys[0])) if rows else ""
        kind = next((p.type for p in entry.occurrence.properties if p.name == keys[0]), "")
        return literal(value, kind)

    # --- what the clinic should know -----------------------------------------------------------

    def _note_missing(self, entry: _Table, place: Place, status: int) -> None:
        self._notes.warn(
            "container-missing",
            f'The server has no file for record {place[0]} of "{entry.table.name}" '
            f"(HTTP {status}).",
            about=(entry.table.id, place),
            table_id=entry.table.id,
            record_id=place[0],
            field_id=place[1],
        )

    def _note_repetitions(self, entry: _Table, found: Field) -> None:
        self._notes.warn(
            "repetitions-hidden",
            f'OData sends only the first of {found.repetitions} repetitions of "{found.name}" in '
            f'"{entry.table.name}". The Data API or the file itself has them all.',
            about=(entry.table.id, found.id),
            table_id=entry.table.id,
            field_id=found.id,
        )

    def _note_rounded(self, entry: _Table, found: Field) -> None:
        self._notes.warn(
            "numbers-rounded",
            f'Numbers in "{found.name}" of table "{entry.table.name}" have more digits than '
            "OData sends exactly; their last digits may be wrong. The file itself has them.",
            about=(entry.table.id, found.id),
            table_id=entry.table.id,
            field_id=found.id,
        )


def literal(value: str, edm_type: str) -> str:
    """Write a key's value into a URL: text in quotes, numbers bare."""
    if edm_type == "Edm.Decimal" and value.lstrip("-").replace(".", "", 1).isdecimal():
        return value
    return "'" + quote(value.replace("'", "''"), safe="'") + "'"


def _field(found: Property, number: int) -> Field:
    is_calculation, is_summary = found.says("Calculation"), found.says("Summary")
    return Field(
        id=number,
        name=found.name,
        kind="summary" if is_summary else "calc" if is_calculation else "normal",
        type=_TYPES.get(found.type, "text"),
        repetitions=found.repetitions,
        is_global=found.says("Global"),
        comment="",
        derived=is_calculation or is_summary,
    )
