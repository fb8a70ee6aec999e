"""What a rule makes of a few records of the file, by the very code that loads them, veiled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from onboarding.imports.loading.reading import RecordReader
from onboarding.imports.mapping import TableRule
from onboarding.imports.models import StagedRecord
from onboarding.imports.payload import by_field
from onboarding.imports.profile import masked
from onboarding.imports.structure import Structure
from onboarding.imports.targets import ENTITIES
from onboarding.imports.values.contacts import Phone
from onboarding.imports.values.names import PersonName
from onboarding.imports.veiling import veiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onboarding.imports.loading.reading import ReadRecord
    from onboarding.imports.mapping import FieldRule, MappingSpec
    from onboarding.imports.models import ImportSource
    from onboarding.imports.targets import Entity, Target

LOOKED_AT = 120
SHOWN = 4


@dataclass(frozen=True, slots=True)
class Example:
    """One record's cells before, and what becomes of them: places with their texts, and remarks."""

    before: str
    after: Sequence[tuple[str, str]]
    kept: bool
    issues: Sequence[str]


def examples_of(
    source: ImportSource, spec: MappingSpec, table_id: int, field_id: int
) -> list[Example]:
    """Answer up to four examples of different shape; needs the clinic's scope."""
    structure = Structure.from_json(source.structure)
    table, rule = structure.table(table_id), spec.table(table_id)
    own = rule.rule(field_id)
    if table is None or rule.entity not in ENTITIES or not own.is_mapped:
        return []
    fields = joined_with(rule, own)
    narrowed = TableRule(table_id, rule.entity, tuple(fields))
    today = datetime.now(ZoneInfo(spec.options.time_zone)).date()
    reader = RecordReader(table, narrowed, spec.options, today)
    found: dict[tuple[str, ...], Example] = {}
    rows = StagedRecord.objects.filter(
        source=source, table_id=table_id, payload__has_key=str(field_id)
    ).order_by("record_id")[:LOOKED_AT]
    for staged in rows:
        wanted = {str(r.field_id) for r in fields}
        payload = {k: v for k, v in staged.payload.items() if k.partition(":")[0] in wanted}
        shape = tuple(masked(text) for text in payload.values())
        if shape in found:
            continue
        found[shape] = _example(reader, fields, payload)
        if len(found) == SHOWN * 3:
            break
    told = sorted(found.values(), key=lambda example: not example.issues)
    return [*told[:1], *[e for e in found.values() if e not in told[:1]]][:SHOWN]


def joined_with(rule: TableRule, own: FieldRule) -> list[FieldRule]:
    """Answer the fields that are read together with this one, itself among them."""
    same = list(rule.to(own.to))
    if any(r.manner.glue is not None for r in same):
        return sorted(same, key=lambda r: r.manner.order)
    return [own]


def _example(reader: RecordReader, fields: Sequence[FieldRule], payload: dict[str, str]) -> Example:
    record = reader.read(0, payload)
    cells = by_field(payload)
    before = " + ".join(
        f"“{veiled(chr(10).join(cells[r.field_id]))}”" for r in fields if r.field_id in cells
    )
    issues = list(dict.fromkeys(issue.message for issue in record.issues))
    return Example(before, places_of(record, reader.entity), bool(record.extra), issues)


def places_of(record: ReadRecord, entity: Entity) -> list[tuple[str, str]]:
    """Answer where the texts of a record went, in words."""
    places: list[tuple[str, str]] = []
    for name, values in record.values.items():
        target = entity.by_name.get(name)
        label = _short_label(target, name)
        for value in values:
            said = _parts(value.value)
            if isinstance(said, str):
                places.append((label, said))
            else:
                places += said
    return places


def _short_label(target: Target | None, name: str) -> str:
    """`Address: suburb` is suburb here."""
    return target.label.rpartition(": ")[2] if target else name.replace("_", " ")


def _parts(value: Any) -> str | list[tuple[str, str]]:
    if isinstance(value, PersonName):
        named = [
            ("title", value.title),
            ("given name", value.given),
            ("middle names", value.middle),
            ("family name", value.family),
        ]
        return [(label, veiled(text)) for label, text in named if text]
    if isinstance(value, list):
        return [(_kind_of(item), veiled(_item(item))) for item in value]
    return _shown(value)


def _kind_of(item: Any) -> str:
    return f"{item.kind} phone" if isinstance(item, Phone) else "address"


def _item(item: Any) -> str:
    if isinstance(item, Phone):
        return f"{item.value} ({item.note})" if item.note else item.value
    return str(item)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(_shown(part) for part in value if not isinstance(part, bool | None))
    if isinstance(value, date):
        return f"{value.day} {value:%B} {value.year // 100}••"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return str(value) if isinstance(value, Decimal | int) else veiled(str(value))
