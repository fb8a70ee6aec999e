"""What becomes of each table and field: the spec a clinic confirms, as a value and as JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from onboarding.imports.targets import CHOICES, ENTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onboarding.imports.structure import Structure
    from onboarding.imports.targets import Target

FORMAT = 1
KEEP, LEAVE = "", "-"
"""A field's text is kept with the record, or left out of it (its raw text is kept all the same)."""


class MappingError(ValueError):
    """The mapping cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Via:
    """The field that a reference's number is looked up in: the other table's key."""

    table_id: int
    field_id: int


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Where one field goes (`to`), how it is read (`how`), and why that was suggested."""

    field_id: int
    to: str = KEEP
    how: str = ""
    via: Via | None = None
    confidence: float = 0
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        kept: dict[str, Any] = {"to": self.to}
        if self.how:
            kept["as"] = self.how
        if self.via:
            kept["via"] = {"table": self.via.table_id, "field": self.via.field_id}
        if self.reason:
            kept |= {"confidence": round(self.confidence, 2), "reason": self.reason}
        return kept


@dataclass(frozen=True, slots=True)
class TableRule:
    """What a table's records become; without an entity they are listed and not taken over."""

    table_id: int
    entity: str = ""
    fields: tuple[FieldRule, ...] = ()
    confidence: float = 0
    reason: str = ""

    def rule(self, field_id: int) -> FieldRule:
        return next((r for r in self.fields if r.field_id == field_id), FieldRule(field_id))

    def to(self, target: str) -> tuple[FieldRule, ...]:
        return tuple(rule for rule in self.fields if rule.to == target)

    @property
    def effect(self) -> dict[str, Any]:
        """What decides the result, without the reasons: two rules of one effect load the same."""
        fields = sorted(
            [r.field_id, r.to, r.how, [r.via.table_id, r.via.field_id] if r.via else None]
            for r in self.fields
            if r.to != KEEP
        )
        return {"entity": self.entity, "fields": fields}

    def as_json(self) -> dict[str, Any]:
        return {
            "entity": self.entity,
            "confidence": round(self.confidence, 2),
            "reason": self.reason,
            "fields": {str(rule.field_id): rule.as_json() for rule in self.fields},
        }


@dataclass(frozen=True, slots=True)
class Options:
    """What holds for the whole import.

    `create_missing`: names of clinics, clinicians, types and payers not yet known are created.
    """

    time_zone: str = "Australia/Sydney"
    date_order: str = "DMY"
    create_missing: bool = True
    default_minutes: int = 30

    def as_json(self) -> dict[str, Any]:
        return {
            "time_zone": self.time_zone,
            "date_order": self.date_order,
            "create_missing": self.create_missing,
            "default_minutes": self.default_minutes,
        }


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """The mapping of one file; `from_json` raises MappingError for what cannot be."""

    tables: tuple[TableRule, ...] = ()
    options: Options = field(default_factory=Options)

    def table(self, table_id: int) -> TableRule:
        return next((t for t in self.tables if t.table_id == table_id), TableRule(table_id))

    def of_entity(self, entity: str) -> tuple[TableRule, ...]:
        return tuple(rule for rule in self.tables if rule.entity == entity)

    def with_table(self, rule: TableRule) -> MappingSpec:
        others = [t for t in self.tables if t.table_id != rule.table_id]
        return replace(self, tables=tuple(sorted([*others, rule], key=lambda t: t.table_id)))

    def rule_hash(self, rule: TableRule) -> str:
        """Digest what decides how the table's records are loaded, the tables they refer to included."""
        others = sorted({r.via.table_id for r in rule.fields if r.via})
        referred = [[table_id, self.table(table_id).entity] for table_id in others]
        shape = json.dumps([rule.effect, referred, self.options.as_json()], sort_keys=True)
        return hashlib.sha256(shape.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "options": self.options.as_json(),
            "tables": {str(rule.table_id): rule.as_json() for rule in self.tables},
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> MappingSpec:
        if kept.get("format") != FORMAT:
            raise MappingError(f"This mapping is not of format {FORMAT}.")
        try:
            tables = tuple(_table_rule(int(key), rule) for key, rule in kept["tables"].items())
            options = _options(kept.get("options", {}))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, MappingError):
                raise
            raise MappingError(f"The mapping is not well formed: {error!r}.") from error
        return cls(tuple(sorted(tables, key=lambda t: t.table_id)), options)


def _options(kept: Mapping[str, Any]) -> Options:
    options = Options(**kept)
    try:
        ZoneInfo(options.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise MappingError(f"There is no time zone {options.time_zone!r}.") from error
    if options.date_order not in {"DMY", "MDY", "YMD"}:
        raise MappingError("The date order is DMY, MDY or YMD.")
    if not 1 <= int(options.default_minutes) <= 24 * 60:
        raise MappingError("The usual length is 1 to 1440 minutes.")
    return options


def _table_rule(table_id: int, kept: Mapping[str, Any]) -> TableRule:
    return TableRule(
        table_id,
        str(kept.get("entity", "")),
        tuple(_field_rule(int(key), rule) for key, rule in kept.get("fields", {}).items()),
        float(kept.get("confidence", 0)),
        str(kept.get("reason", "")),
    )


def _field_rule(field_id: int, kept: Mapping[str, Any]) -> FieldRule:
    via = kept.get("via")
    return FieldRule(
        field_id,
        str(kept.get("to", KEEP)),
        str(kept.get("as", "")),
        Via(int(via["table"]), int(via["field"])) if via else None,
        float(kept.get("confidence", 0)),
        str(kept.get("reason", "")),
    )


def carry_over(
    old: MappingSpec, known: Structure, suggestion: MappingSpec, structure: Structure
) -> MappingSpec:
    """Answer the confirmed mapping for a solution that has changed since: by ids, never by names.

    What was decided stays decided where the field is still there with its type; fields that are new
    take their suggestion, unless its place is taken.
    """
    tables = []
    for suggested in suggestion.tables:
        decided = next((t for t in old.tables if t.table_id == suggested.table_id), None)
        before, now = known.table(suggested.table_id), structure.table(suggested.table_id)
        if decided is None or before is None or now is None:
            tables.append(suggested)
            continue
        same = {f.id for f in now.fields if (was := before.field(f.id)) and was.type == f.type}
        kept = [rule for rule in decided.fields if rule.field_id in same]
        tables.append(
            replace(decided, fields=(*kept, *_new_fields(suggested, decided, kept, same)))
        )
    return MappingSpec(tuple(tables), old.options)


def _new_fields(
    suggested: TableRule, decided: TableRule, kept: list[FieldRule], same: set[int]
) -> list[FieldRule]:
    if suggested.entity != decided.entity or not decided.entity:
        return []
    targets = ENTITIES[decided.entity].by_name
    taken = {rule.to for rule in kept}
    return [
        rule
        for rule in suggested.fields
        if rule.field_id not in same and (rule.to not in taken or targets[rule.to].many)
    ]


def check_spec(spec: MappingSpec, structure: Structure) -> None:
    """Raise MappingError where the spec does not fit the file or contradicts itself."""
    for rule in spec.tables:
        table = structure.table(rule.table_id)
        if table is None:
            raise MappingError(f"The file has no table {rule.table_id}.")
        if not rule.entity:
            continue
        entity = ENTITIES.get(rule.entity)
        if entity is None:
            raise MappingError(f"Table {table.name}: there is no kind of record {rule.entity!r}.")
        taken: set[str] = set()
        for field_rule in rule.fields:
            field_name = getattr(table.field(field_rule.field_id), "name", None)
            if field_name is None:
                raise MappingError(f"Table {table.name} has no field {field_rule.field_id}.")
            if field_rule.to in {KEEP, LEAVE}:
                continue
            target = entity.by_name.get(field_rule.to)
            if target is None:
                raise MappingError(f"{table.name}::{field_name}: no target {field_rule.to!r}.")
            if target.name in taken and not target.many:
                raise MappingError(
                    f"{table.name}: two fields go to {target.label}, which holds one."
                )
            taken.add(target.name)
            _check_how(table.name, field_name, field_rule, target, structure)
        _check_complete(table.name, rule, taken)


def _check_how(
    table: str, field_name: str, rule: FieldRule, target: Target, structure: Structure
) -> None:
    if rule.how and rule.how not in dict(CHOICES.get(target.kind, ())):
        raise MappingError(f"{table}::{field_name}: cannot be read as {rule.how!r}.")
    if rule.via:
        other = structure.table(rule.via.table_id)
        if other is None or other.field(rule.via.field_id) is None:
            raise MappingError(f"{table}::{field_name}: refers to a field the file does not have.")


def _check_complete(table: str, rule: TableRule, taken: set[str]) -> None:
    """What must be there so that a record can become anything at all."""
    names = {"full_name", "name", "given_names", "family_name", "preferred_name"}
    if rule.entity == "appointment":
        if not taken & {"date", "starts_at"}:
            raise MappingError(f"{table}: say which field holds the appointment's date.")
        if "patient" not in taken:
            raise MappingError(f"{table}: say which field holds the appointment's patient.")
    elif not taken & names:
        raise MappingError(f"{table}: say which field holds the name.")
