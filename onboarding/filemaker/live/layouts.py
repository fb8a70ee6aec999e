"""Which layouts to read a database by: one for each table, the one that shows most of it.

The Data API knows layouts, not tables, and sends only the fields placed on a layout. Several
layouts can show one table, so one is chosen and what the others show besides is told.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onboarding.filemaker.exports.identity import folded_name
from onboarding.filemaker.live.dataapi import DataApiClient
from onboarding.filemaker.live.dataapi_shapes import FieldInfo, Layout, LayoutInfo
from onboarding.filemaker.live.errors import (
    LiveSourceError,
    NoRightError,
    RequestRefusedError,
    SchemaChangedError,
)
from onboarding.filemaker.sources import SourceWarning

RELATED = "::"


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A base table and the layout it is read by. `count` is None where the server is silent."""

    name: str
    layout: str
    info: LayoutInfo
    count: int | None

    @property
    def own_fields(self) -> list[FieldInfo]:
        return [field for field in self.info.fields if RELATED not in field.name]

    @property
    def related_fields(self) -> list[str]:
        return [field.name for field in self.info.fields if RELATED in field.name]


@dataclass(frozen=True, slots=True)
class Survey:
    """The tables found and what the clinic should know about how they are shown.

    `looks` are all layouts that were looked at, each with its table; `layouts` all there are.
    """

    tables: list[ShownTable]
    layouts: list[Layout]
    warnings: list[SourceWarning]
    looks: list[ShownTable]


def survey(
    client: DataApiClient,
    wanted: Sequence[str] = (),
    *,
    may_go_on: Callable[[], bool] = lambda: True,
) -> Survey:
    """Look at every layout (or those `wanted`) and choose one for each table.

    Stops looking when `may_go_on` answers False; what was not looked at is a warning. Raises
    SchemaChangedError where a wanted layout is not there.
    """
    layouts = client.layouts()
    names = list(dict.fromkeys(layout.name for layout in layouts))
    if missing := [name for name in wanted if name not in names]:
        raise SchemaChangedError(f"These layouts are not there any more: {', '.join(missing)}.")
    said = {layout.name: layout.table for layout in layouts}
    warnings: list[SourceWarning] = []
    shown: dict[str, list[ShownTable]] = {}
    refused: list[str] = []
    looks: list[ShownTable] = []
    asked = list(wanted or names)
    for done, name in enumerate(asked):
        if not may_go_on():
            warnings.append(
                SourceWarning(
                    "layouts-not-looked-at",
                    f"There was time to look at {done} of {len(asked)} layouts; an import looks at "
                    "all of them.",
                    {"layouts": asked[done:]},
                )
            )
            break
        try:
            found = _look_at(client, name, said[name])
        except (NoRightError, SchemaChangedError, RequestRefusedError):
            refused.append(name)
            continue
        if found.own_fields:
            looks.append(found)
            shown.setdefault(folded_name(found.name), []).append(found)
    if refused:
        warnings.append(
            SourceWarning(
                "layouts-refused",
                f"The account may not see {len(refused)} layout(s): {', '.join(refused[:10])}.",
                {"layouts": refused},
            )
        )
    tables = [_best(choices, warnings) for choices in shown.values()]
    return Survey(tables, layouts, warnings, looks)


def _look_at(client: DataApiClient, layout: str, said: str) -> ShownTable:
    info = client.layout(layout)
    page = client.records(layout, limit=1)
    count = page.found if page.rows else 0
    return ShownTable(page.table or said or layout, layout, info, count)


def _best(choices: list[ShownTable], warnings: list[SourceWarning]) -> ShownTable:
    best = max(
        choices, key=lambda c: (len(c.own_fields), sum(field.shown for field in c.own_fields))
    )
    have = {field.name for field in best.own_fields}
    others = sorted({f.name for c in choices for f in c.own_fields if f.name not in have})
    if others:
        warnings.append(
            SourceWarning(
                "fields-on-other-layouts",
                f'Table "{best.name}" is read by the layout "{best.layout}". Other layouts show '
                f"{len(others)} more field(s), which are not read: {', '.join(others[:10])}. "
                "Make one layout with all of the table's fields on it.",
                {"table": best.name, "layout": best.layout, "fields": others},
            )
        )
    if hidden := [field.name for field in best.own_fields if field.shown < field.repetitions]:
        warnings.append(
            SourceWarning(
                "repetitions-hidden",
                f'The layout "{best.layout}" does not show all repetitions of '
                f"{', '.join(hidden[:10])}; those hidden are not read.",
                {"table": best.name, "fields": hidden},
            )
        )
    if best.related_fields:
        warnings.append(
            SourceWarning(
                "related-fields",
                f'The layout "{best.layout}" shows fields of other tables, which are read '
                "with those tables and not here.",
                {"table": best.name, "fields": best.related_fields},
            )
        )
    return best


def count_by_halves(client: DataApiClient, layout: str) -> int:
    """Count records where the server does not say (before FileMaker Server 18)."""

    def exists(place: int) -> bool:
        try:
            return bool(client.records(layout, offset=place, limit=1).rows)
        except LiveSourceError as error:
            if isinstance(error, RequestRefusedError):
                return False
            raise

    low, high = 0, 1
    while exists(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if exists(middle) else (low, middle)
    return low
