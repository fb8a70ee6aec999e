"""Which of a database's table occurrences to read: each table once.

OData shows occurrences, and one table often has several. The same fields under the same ids with
the same records are one table seen twice; a copy of a table has other records.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from onboarding.filemaker.live.answers import number_of
from onboarding.filemaker.live.odata import ODataClient
from onboarding.filemaker.live.odata_metadata import Metadata, Occurrence, Property
from onboarding.filemaker.sources import SourceWarning

ROW_ID, ROW_MODIFICATION = "ROWID", "ROWMODID"


@dataclass(frozen=True, slots=True)
class CountedOccurrence:
    """An occurrence, its number of records and a glimpse of them."""

    occurrence: Occurrence
    count: int
    glimpse: tuple[tuple[int, int], ...]


def choose_occurrences(
    client: ODataClient, metadata: Metadata, wanted: Iterable[str] = ()
) -> tuple[list[CountedOccurrence], list[SourceWarning]]:
    """Count every occurrence's records and leave out repeated views of one table."""
    names = set(wanted)
    chosen: list[CountedOccurrence] = []
    repeated: dict[str, list[str]] = {}
    first: dict[object, CountedOccurrence] = {}
    for occurrence in sorted(metadata.occurrences, key=lambda each: each.id):
        if names and occurrence.name not in names:
            continue
        counted = _count(client, occurrence)
        key = (_shape(occurrence.properties), counted.count, counted.glimpse)
        known = first.setdefault(key, counted)
        # Without FileMaker's ids, or fields, equal shapes say too little.
        if known is counted or not occurrence.id or not occurrence.properties:
            chosen.append(counted)
        else:
            repeated.setdefault(known.occurrence.name, []).append(occurrence.name)
    warnings = [
        SourceWarning(
            "occurrence-repeated",
            f'"{name}" is read once; {", ".join(others)} show(s) the same records.',
            {"table": name, "occurrences": others},
        )
        for name, others in repeated.items()
    ]
    return chosen, warnings


def _shape(properties: list[Property]) -> tuple[tuple[int, str, str], ...]:
    return tuple((each.id, each.name, each.type) for each in properties)


def _count(client: ODataClient, occurrence: Occurrence) -> CountedOccurrence:
    select = [ROW_ID, ROW_MODIFICATION]
    head = client.rows(occurrence.name, select=select, top=3, count=True)
    count = head.found if head.found is not None else len(head.rows)
    rows = list(head.rows)
    if count > len(rows):
        rows += client.rows(occurrence.name, select=select, top=3, skip=count - 3).rows
    glimpse = tuple((number_of(r.get(ROW_ID)), number_of(r.get(ROW_MODIFICATION))) for r in rows)
    return CountedOccurrence(occurrence, count, glimpse)
