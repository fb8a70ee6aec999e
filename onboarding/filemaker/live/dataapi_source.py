"""A database on a FileMaker Server as a `Source`, read by the Data API.

    with DataApiSource(client) as source:
        for table in source.tables():
            for record in source.records(table.id):
                ...

Record ids and modification counts are FileMaker's own. Table and field ids are too where the
database is `known` from a file; the Data API itself gives names only (see `identity`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from onboarding.filemaker.exports.identity import folded_name, stable_id
from onboarding.filemaker.fmp.records import Account
from onboarding.filemaker.live.answers import has_rounded, text_of
from onboarding.filemaker.live.containers import ObjectIds, Place, cell_of, fetch_object
from onboarding.filemaker.live.dataapi import DataApiClient
from onboarding.filemaker.live.dataapi_shapes import DataRecord, FieldInfo
from onboarding.filemaker.live.errors import RecordsMissingError
from onboarding.filemaker.live.identity import KnownNames, KnownTable
from onboarding.filemaker.live.layouts import ShownTable, count_by_halves, survey
from onboarding.filemaker.live.paging import Page
from onboarding.filemaker.live.portals import PortalTable, find_portals, read_portal
from onboarding.filemaker.live.source import AMERICAN, ISO, LiveSource, LiveTable
from onboarding.filemaker.live.transport import Answer
from onboarding.filemaker.sources import (
    Cells,
    ContainerObject,
    Field,
    FieldKind,
    FieldType,
    Locale,
    Record,
    Table,
    ValueList,
)

_TYPES: Mapping[str, FieldType] = {
    "text": "text",
    "number": "number",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
    "container": "container",
}
_KINDS: Mapping[str, FieldKind] = {"calculation": "calc", "summary": "summary"}
_REPEATED = re.compile(r"(.*)\((\d{1,5})\)", re.DOTALL)
_GONE = frozenset({401, 403, 404})


@dataclass(slots=True)
class _Table(LiveTable):
    """A table with all that is needed to turn answers into records."""

    shown: ShownTable
    by_name: dict[str, Field] = field(default_factory=dict)

    def slot(self, name: str) -> tuple[Field, int] | None:
        """Answer which field and repetition a cell's name means."""
        found = self.by_name.get(name)
        if found:
            return found, 1
        match = _REPEATED.fullmatch(name)
        found = self.by_name.get(match[1]) if match else None
        if match and found and 1 <= int(match[2]) <= found.repetitions:
            return found, int(match[2])
        return None


class DataApiSource(LiveSource[DataApiClient, _Table, DataRecord]):
    """One database; `layouts` names those to read by, otherwise each table's fullest is taken."""

    interface = "the Data API"

    def __init__(
        self,
        client: DataApiClient,
        *,
        layouts: Sequence[str] = (),
        known: Iterable[KnownTable] = (),
    ) -> None:
        super().__init__(client)
        self._wanted = tuple(layouts)
        self._names = KnownNames(known)
        self._portals: dict[int, PortalTable] = {}

    # --- what is in the database ---------------------------------------------------------------

    def tables(self) -> Sequence[Table]:
        own = list(super().tables())
        return sorted(
            own + [portal.table for portal in self._portals.values()], key=lambda table: table.id
        )

    def fields(self, table_id: int) -> Sequence[Field]:
        if portal := self._portal(table_id):
            return sorted(portal.fields, key=lambda entry: entry.id)
        return super().fields(table_id)

    def records(self, table_id: int) -> Iterator[Record]:
        portal = self._portal(table_id)
        if portal is None:
            yield from super().records(table_id)
            return
        read = 0
        for record in read_portal(self._client, portal, self._notes):
            read += 1
            yield record
        self._accounts[table_id] = Account(expected=read, with_data=read, finished=True)

    def global_values(self, table_id: int) -> Cells:
        return {} if self._portal(table_id) else self._first_globals(self._table(table_id))

    def containers(self, table_id: int) -> Iterator[ContainerObject]:
        """Download every container of the table, each while its address is fresh."""
        if self._portal(table_id):
            return
        entry = self._table(table_id)
        if not entry.objects.slots:
            return
        for sent in self._walk(entry):
            for place, url in self._places(entry, sent):
                found = self._fetch(entry, place, url)
                if found:
                    yield found

    def container(self, table_id: int, object_id: int) -> ContainerObject | None:
        return None if self._portal(table_id) else super().container(table_id, object_id)

    def value_lists(self) -> Sequence[ValueList]:
        lists: dict[str, ValueList] = {}
        for entry in self._tables.values():
            for found in entry.shown.info.value_lists:
                number = stable_id("value list", folded_name(found.name), bits=31)
                lists.setdefault(found.name, ValueList(number, found.name, found.values))
        return sorted(lists.values(), key=lambda each: each.id)

    def locale(self) -> Locale | None:
        """Return how this server writes dates and numbers into its answers."""
        _ = self._tables  # the first records tell whether ISO dates are known
        return ISO if self._client.dates_are_iso else AMERICAN

    # --- how it is read ------------------------------------------------------------------------

    def _load(self) -> dict[int, _Table]:
        found = survey(self._client, self._wanted)
        self._notes.add(found.warnings)
        loaded: dict[int, _Table] = {}
        for shown in found.tables:
            count = shown.count
            if count is None:
                count = count_by_halves(self._client, shown.layout)
            entry = self._make(shown, count)
            loaded[entry.table.id] = entry
        for portal in find_portals(self._client, found.tables, self._notes):
            if portal.table.id not in loaded:
                self._portals[portal.table.id] = portal
        if not loaded:
            self._notes.warn(
                "no-tables",
                "The account sees no layout with fields, so there is nothing to import. Make a "
                "layout for each table with all of its fields on it.",
            )
        return loaded

    def _make(self, shown: ShownTable, count: int) -> _Table:
        infos = shown.own_fields
        ids = self._names.field_ids(shown.name, [info.name for info in infos])
        fields = [_field(info, number) for info, number in zip(infos, ids, strict=True)]
        slots = [
            (info.id, repetition)
            for info in sorted(fields, key=lambda each: each.id)
            if info.type == "container"
            for repetition in range(1, info.repetitions + 1)
        ]
        return _Table(
            Table(self._names.table_id(shown.name), shown.name, count),
            sorted(fields, key=lambda each: each.id),
            ObjectIds(slots),
            shown,
            {each.name: each for each in fields},
        )

    def _portal(self, table_id: int) -> PortalTable | None:
        _ = self._tables
        return self._portals.get(table_id)

    def _page(self, entry: _Table, place: int, size: int) -> Page[DataRecord]:
        page = self._client.records(entry.shown.layout, offset=place + 1, limit=size)
        return Page(page.rows, page.found, page.size)

    def _cells(self, entry: _Table, row: DataRecord, *, globals_only: bool = False) -> Cells:
        cells: Cells = {}
        for name, value in row.cells.items():
            if "::" in name or value in ("", None):
                continue
            slot = entry.slot(name)
            if slot is None:
                self._note_stranger(entry, name)
                continue
            found, repetition = slot
            if found.is_global != globals_only:
                continue
            text = text_of(value)
            if has_rounded(value):
                self._note_rounded(entry, found)
            if found.type == "container":
                text = self._container_cell(entry, (row.id, found.id, repetition), text)
            elif found.type in ("timestamp", "time") and self._client.dates_are_iso:
                text = plain_moment(text)
            cells[found.id, repetition] = text
        return cells

    def _container_cell(self, entry: _Table, place: Place, text: str) -> str:
        if self._client.transport.server.is_origin_of(text):
            return cell_of(entry.objects.of(place))
        return text

    def _places(self, entry: _Table, sent: DataRecord) -> Iterator[tuple[Place, str]]:
        for name, value in sent.cells.items():
            slot = entry.slot(name)
            if slot and slot[0].type == "container":
                url = text_of(value)
                if self._client.transport.server.is_origin_of(url):
                    yield (sent.id, slot[0].id, slot[1]), url

    def _fresh_url(self, entry: _Table, place: Place) -> str:
        """Read the record anew: a container's address holds for a short time only."""
        try:
            sent = self._client.record(entry.shown.layout, place[0])
        except RecordsMissingError:
            return ""
        return dict(self._places(entry, sent)).get(place, "")

    def _fetch_place(self, entry: _Table, place: Place) -> ContainerObject | None:
        url = self._fresh_url(entry, place)
        return self._fetch(entry, place, url) if url else None

    def _fetch(self, entry: _Table, place: Place, url: str) -> ContainerObject | None:
        def fetch(into: IO[bytes]) -> Answer | None:
            answer = self._client.download(url, into)
            if answer.status in _GONE and (fresh := self._fresh_url(entry, place)):
                answer = self._client.download(fresh, into)
            if answer.status == 200:  # noqa: PLR2004 - OK
                return answer
            self._note_missing(entry, place, answer.status)
            return None

        return fetch_object(entry.objects.of(place), fetch, url=url)

    # --- what the clinic should know -----------------------------------------------------------

    def _note_stranger(self, entry: _Table, name: str) -> None:
        self._notes.warn(
            "schema-changed",
            f'The layout "{entry.shown.layout}" was changed during the import: "{name}" is new '
            "and was left out.",
            about=(entry.table.id, name),
            table_id=entry.table.id,
        )


def _field(info: FieldInfo, number: int) -> Field:
    kind = _KINDS.get(info.type.lower(), "normal")
    return Field(
        id=number,
        name=info.name,
        kind=kind,
        type=_TYPES.get(info.result.lower(), "text"),
        repetitions=info.repetitions,
        is_global=info.is_global,
        comment="",
        derived=kind != "normal",
    )


def plain_moment(text: str) -> str:
    """Return an ISO timestamp with a space between and without a zone, which no field has.

    OData adds a zone to what is wall-clock time in the file; the clock's face is what counts.
    """
    match = re.fullmatch(
        r"(\d{4,}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)?(?:Z|[+-]\d\d:?\d\d)?", text
    )
    if not match:
        return text
    fraction = (match[3] or "").rstrip("0").rstrip(".")
    return f"{match[1]} {match[2]}{fraction}"
