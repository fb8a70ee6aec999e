"""A database on a FileMaker Server as a `Source`, read by OData.

Field ids, record ids and modification counts are FileMaker's own; a table's id is that of its
occurrence (1,065,089 and up), because OData does not tell the base table's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO
from urllib.parse import quote

from onboarding.filemaker.live.answers import Json, has_rounded, number_of, text_of
from onboarding.filemaker.live.containers import ObjectIds, Place, cell_of, fetch_object
from onboarding.filemaker.live.dataapi_source import plain_moment
from onboarding.filemaker.live.errors import (
    FileMakerServerError,
    RequestRefusedError,
    SchemaChangedError,
    ServerBrokenError,
    SourceChangingError,
)
from onboarding.filemaker.live.identity import KnownNames, KnownTable
from onboarding.filemaker.live.occurrences import (
    ROW_ID,
    ROW_MODIFICATION,
    CountedOccurrence,
    choose_occurrences,
)
from onboarding.filemaker.live.odata import LONGEST_URL, ODataClient, quoted
from onboarding.filemaker.live.odata_metadata import Occurrence, Property
from onboarding.filemaker.live.paging import Page, SeenIds, Walk
from onboarding.filemaker.live.source import ISO, LiveSource, LiveTable
from onboarding.filemaker.live.transport import Answer
from onboarding.filemaker.sources import (
    Cells,
    ContainerObject,
    Field,
    FieldType,
    Locale,
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
class _Table(LiveTable):
    occurrence: Occurrence
    groups: list[list[str]]
    filled: dict[int, SeenIds | None]


class ODataSource(LiveSource[ODataClient, _Table, _Row]):
    """One database; `tables` names the occurrences to read, otherwise all are.

    A table that is `known` from before keeps the ids it has there.
    """

    interface = "OData"

    def __init__(
        self,
        client: ODataClient,
        *,
        tables: Sequence[str] = (),
        known: Iterable[KnownTable] = (),
    ) -> None:
        super().__init__(client)
        self._wanted = tuple(tables)
        self._names = KnownNames(known)
        self._keys_by_row_id = True

    # --- what is in the database ---------------------------------------------------------------

    def global_values(self, table_id: int) -> Cells:
        return self._first_globals(self._table(table_id))

    def containers(self, table_id: int) -> Iterator[ContainerObject]:
        """Download every container of the table, the first repetition of each field."""
        entry = self._table(table_id)
        if not entry.objects.slots:
            return
        rows = Walk(
            lambda place, size: self._page(entry, place, size, [[ROW_ID, ROW_MODIFICATION]]),
            self._client.transport.clock,
        )
        for row in rows:
            for field_id, repetition in entry.objects.slots:
                if self._may_be_filled(entry, field_id, row.id):
                    found = self._fetch_place(entry, (row.id, field_id, repetition))
                    if found:
                        yield found

    def value_lists(self) -> Sequence[ValueList]:
        """Return none: OData names a field's value list and not its values."""
        return ()

    def locale(self) -> Locale | None:
        return ISO

    # --- how it is read ------------------------------------------------------------------------

    def _load(self) -> dict[int, _Table]:
        metadata = self._client.metadata()
        chosen, warnings = choose_occurrences(self._client, metadata, self._wanted)
        self._notes.add(warnings)
        loaded = {entry.table.id: entry for entry in map(self._make, chosen)}
        if not loaded:
            self._notes.warn("no-tables", "The account sees no tables by OData.")
        return loaded

    def _make(self, counted: CountedOccurrence) -> _Table:
        occurrence = counted.occurrence
        known = self._names.table(occurrence.name)
        names = [each.name for each in occurrence.properties]
        made = self._names.field_ids(occurrence.name, names)
        fields = [
            _field(each, number if known else each.id or number)
            for each, number in zip(occurrence.properties, made, strict=True)
        ]
        fields.sort(key=lambda each: each.id)
        slots = [(each.id, 1) for each in fields if each.type == "container"]
        number = self._names.table_id(occurrence.name)
        if known is None and occurrence.id:
            number = occurrence.id
        table = Table(number, occurrence.name, counted.count)
        sent = [f.name for f in fields if f.type != "container" and f.kind != "summary"]
        return _Table(
            table, fields, ObjectIds(slots), occurrence, self._groups(occurrence, sent), {}
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

    def _fetch_place(self, entry: _Table, place: Place) -> ContainerObject | None:
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

    def _note_repetitions(self, entry: _Table, found: Field) -> None:
        self._notes.warn(
            "repetitions-hidden",
            f'OData sends only the first of {found.repetitions} repetitions of "{found.name}" in '
            f'"{entry.table.name}". The Data API or the file itself has them all.',
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
