"""Ids where the Data API gives only names: FileMaker's own if the database is known from before.

A clinic that first uploads its file and later connects its server wants both to be the same
tables and fields. So names are looked up in what is known; new ones get an id made of the name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onboarding.filemaker.exports.identity import column_ids, folded_name, stable_id
from onboarding.filemaker.sources import Field, Source, Table


@dataclass(frozen=True, slots=True)
class KnownTable:
    """A table of an earlier import and its fields."""

    table: Table
    fields: tuple[Field, ...]


def known_tables(source: Source) -> list[KnownTable]:
    """Return what a source knows, for `DataApiSource(known=…)`."""
    return [KnownTable(table, tuple(source.fields(table.id))) for table in source.tables()]


class KnownNames:
    """Looks ids up by name, as FileMaker compares names: without regard to case."""

    def __init__(self, known: Iterable[KnownTable] = ()) -> None:
        self._tables: dict[str, KnownTable] = {}
        for entry in known:  # of tables by one name the first is meant
            self._tables.setdefault(folded_name(entry.table.name), entry)

    def table(self, name: str) -> KnownTable | None:
        return self._tables.get(folded_name(name))

    def table_id(self, name: str) -> int:
        found = self._tables.get(folded_name(name))
        return found.table.id if found else stable_id("table", folded_name(name), bits=31)

    def field_ids(self, table_name: str, names: Sequence[str]) -> list[int]:
        found = self._tables.get(folded_name(table_name))
        known = {folded_name(f.name): f.id for f in found.fields} if found else {}
        return [
            known.get(folded_name(name), made)
            for name, made in zip(names, column_ids(names), strict=True)
        ]
