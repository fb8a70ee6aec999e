"""Related records that only a portal shows, as a table of their own.

A portal's records are usually shown by a layout of their own as well and are read there. Where
they are not, the portal is the only way to them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from onboarding.filemaker.exports.identity import column_ids, folded_name, stable_id
from onboarding.filemaker.live.answers import text_of
from onboarding.filemaker.live.dataapi import DataApiClient
from onboarding.filemaker.live.dataapi_shapes import DataRecord, FieldInfo, PortalRow
from onboarding.filemaker.live.layouts import RELATED, ShownTable
from onboarding.filemaker.live.notes import Notes
from onboarding.filemaker.live.paging import Page, SeenIds, Walk
from onboarding.filemaker.sources import Field, FieldType, Record, Table

ROWS_AT_ONCE = 50
PARENT = "Record id of the row's parent"
_TYPES: Mapping[str, FieldType] = {
    "number": "number",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
}


@dataclass(frozen=True, slots=True)
class PortalTable:
    """A portal of a layout; `names` gives the field of each cell (`TO::Field`)."""

    table: Table
    layout: str
    portal: str
    names: Mapping[str, Field]
    parent: Field

    @property
    def fields(self) -> list[Field]:
        return [*self.names.values(), self.parent]


def find_portals(
    client: DataApiClient, tables: Sequence[ShownTable], notes: Notes
) -> Iterator[PortalTable]:
    """Yield the portals whose records no layout shows, each occurrence once; counts their rows."""
    covered = {folded_name(shown.name) for shown in tables}
    for shown in tables:
        for portal, infos in shown.info.portals.items():
            own = [info for info in infos if RELATED in info.name and info.result != "container"]
            if not own:
                continue
            occurrence = own[0].name.partition(RELATED)[0]
            if folded_name(occurrence) in covered:
                continue
            covered.add(folded_name(occurrence))
            found = _portal_table(shown.layout, portal, occurrence, own)
            count = sum(1 for _ in read_portal(client, found, notes))
            notes.warn(
                "read-by-portal",
                f'"{occurrence}" has no layout of its own and is read by the portal "{portal}" on '
                f'"{shown.layout}": records without a parent there are not seen.',
                about=occurrence,
                layout=shown.layout,
            )
            yield replace(found, table=replace(found.table, record_count=count))


def _portal_table(
    layout: str, portal: str, occurrence: str, infos: Sequence[FieldInfo]
) -> PortalTable:
    own = [info for info in infos if info.name.partition(RELATED)[0] == occurrence]
    bare = [info.name.partition(RELATED)[2] for info in own]
    ids = column_ids([*bare, PARENT])
    fields = {
        info.name: Field(
            id=number,
            name=name,
            kind="normal" if info.type == "normal" else "calc",
            type=_TYPES.get(info.result.lower(), "text"),
            repetitions=1,
            is_global=info.is_global,
            comment="",
            derived=info.type != "normal",
        )
        for info, name, number in zip(own, bare, ids, strict=False)
    }
    parent = Field(ids[-1], PARENT, "normal", "number", 1, False, "", False)
    table = Table(stable_id("portal", folded_name(occurrence), bits=31), occurrence, 0)
    return PortalTable(table, layout, portal, fields, parent)


def read_portal(client: DataApiClient, portal: PortalTable, notes: Notes) -> Iterator[Record]:
    """Yield each related record once, in the order of its parents; with its first parent's id."""

    def fetch(place: int, size: int) -> Page[DataRecord]:
        first = {portal.portal: (1, ROWS_AT_ONCE)}
        page = client.records(portal.layout, offset=place + 1, limit=size, portals=first)
        return Page(page.rows, page.found, page.size)

    seen, repeated = SeenIds(), 0
    for parent in Walk(fetch, client.transport.clock):
        for row in _rows(client, portal, parent):
            if seen.add(row.id):
                yield _record(portal, parent.id, row)
            else:
                repeated += 1
    if repeated:
        notes.warn(
            "portal-rows-repeated",
            f'{repeated} row(s) of "{portal.table.name}" belong to several records; the first '
            "is kept as their parent.",
            table_id=portal.table.id,
            repeated=repeated,
        )


def _rows(client: DataApiClient, portal: PortalTable, parent: DataRecord) -> Iterator[PortalRow]:
    rows = parent.portals.get(portal.portal, ())
    yield from rows
    offset = 1
    while len(rows) == ROWS_AT_ONCE:
        offset += ROWS_AT_ONCE
        more = {portal.portal: (offset, ROWS_AT_ONCE)}
        rows = client.record(portal.layout, parent.id, portals=more).portals.get(portal.portal, ())
        yield from rows


def _record(portal: PortalTable, parent_id: int, row: PortalRow) -> Record:
    cells = {
        (found.id, 1): text_of(row.cells[name])
        for name, found in portal.names.items()
        if row.cells.get(name) not in ("", None) and not found.is_global
    }
    cells[portal.parent.id, 1] = str(parent_id)
    return Record(row.id, row.modification_count, cells)
