"""What a file is made of, as it is kept with the upload: tables, fields, relationships, lists."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from onboarding.filemaker.sources import (
    ExternalSource,
    Field,
    Locale,
    Relationship,
    Table,
    ValueList,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onboarding.filemaker.sources import DateOrder, Source


@dataclass(frozen=True)
class TableStructure:
    """A table with its fields."""

    table: Table
    fields: tuple[Field, ...]

    @property
    def id(self) -> int:
        return self.table.id

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def record_fields(self) -> tuple[Field, ...]:
        """Fields that belong to each record: globals belong to the table, summaries to no one."""
        return tuple(f for f in self.fields if not f.is_global and f.kind != "summary")

    def field(self, field_id: int) -> Field | None:
        return next((f for f in self.fields if f.id == field_id), None)


@dataclass(frozen=True)
class Structure:
    """The whole file's structure; `as_json` and `from_json` are inverse."""

    tables: tuple[TableStructure, ...]
    relationships: tuple[Relationship, ...] = ()
    value_lists: tuple[ValueList, ...] = ()
    external_sources: tuple[ExternalSource, ...] = ()
    locale: Locale | None = None

    @classmethod
    def of(cls, source: Source) -> Structure:
        """Read the structure from a source."""
        return cls(
            tables=tuple(
                TableStructure(table, tuple(source.fields(table.id))) for table in source.tables()
            ),
            relationships=tuple(source.relationships()),
            value_lists=tuple(source.value_lists()),
            external_sources=tuple(source.external_sources()),
            locale=source.locale(),
        )

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Structure:
        return cls(
            tables=tuple(
                TableStructure(Table(**t["table"]), tuple(Field(**f) for f in t["fields"]))
                for t in kept.get("tables", ())
            ),
            relationships=tuple(Relationship(**r) for r in kept.get("relationships", ())),
            value_lists=tuple(
                ValueList(**{**v, "values": tuple(v["values"])})
                for v in kept.get("value_lists", ())
            ),
            external_sources=tuple(
                ExternalSource(**{**e, "paths": tuple(e["paths"])})
                for e in kept.get("external_sources", ())
            ),
            locale=Locale(**kept["locale"]) if kept.get("locale") else None,
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "tables": [
                {"table": asdict(t.table), "fields": [asdict(f) for f in t.fields]}
                for t in self.tables
            ],
            "relationships": [asdict(r) for r in self.relationships],
            "value_lists": [asdict(v) for v in self.value_lists],
            "external_sources": [asdict(e) for e in self.external_sources],
            "locale": asdict(self.locale) if self.locale else None,
        }

    def table(self, table_id: int) -> TableStructure | None:
        return next((t for t in self.tables if t.id == table_id), None)

    @property
    def has_names(self) -> bool:
        """False where every column is only called by its number: an export without names."""
        fields = [f for t in self.tables for f in t.fields]
        return not fields or not all(re.fullmatch(r"Column \d+", f.name) for f in fields)

    @property
    def date_order(self) -> DateOrder:
        """How the file writes dates; Australian where it does not say (a clone has no locale)."""
        return self.locale.date_order if self.locale else "DMY"

    @property
    def fingerprint(self) -> str:
        """SHA-256 over table ids, field ids and types: renaming a field does not change it."""
        shape = [
            [t.id, sorted([f.id, f.kind, f.type, f.is_global] for f in t.fields)]
            for t in sorted(self.tables, key=lambda t: t.id)
        ]
        return hashlib.sha256(json.dumps(shape).encode()).hexdigest()


def label_of(fields: Sequence[Field], field_id: int, repetition: int = 1) -> str:
    """Answer the field's own name, with the repetition where it is not the first."""
    name = next((f.name for f in fields if f.id == field_id), f"Field {field_id}")
    return name if repetition == 1 else f"{name} [{repetition}]"
