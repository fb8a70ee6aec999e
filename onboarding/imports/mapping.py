"""What becomes of each table and field: the spec a clinic confirms, as a value and as JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from onboarding.imports.decisions import Decision, Decisions
from onboarding.imports.manners import ORDERS, PLAIN, Manner
from onboarding.imports.targets import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 2
READABLE = frozenset({1, 2})
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
    manner: Manner = PLAIN

    @property
    def is_mapped(self) -> bool:
        return self.to not in {KEEP, LEAVE}

    def as_json(self) -> dict[str, Any]:
        kept: dict[str, Any] = {"to": self.to}
        if self.how:
            kept["as"] = self.how
        if self.manner != PLAIN:
            kept["with"] = self.manner.as_json()
        if self.via:
            kept["via"] = {"table": self.via.table_id, "field": self.via.field_id}
        if self.reason:
            kept |= {"confidence": round(self.confidence, 2), "reason": self.reason}
        return kept


@dataclass(frozen=True, slots=True)
class TableRule:
    """What a table's records become; without an entity they are listed and not taken over.

    `constants`: target and the text every record has there, for targets no field goes to.
    """

    table_id: int
    entity: str = ""
    fields: tuple[FieldRule, ...] = ()
    confidence: float = 0
    reason: str = ""
    constants: tuple[tuple[str, str], ...] = ()

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
        shape: dict[str, Any] = {"entity": self.entity, "fields": fields}
        manners = {str(r.field_id): r.manner.as_json() for r in self.fields if r.manner != PLAIN}
        if manners:
            shape["manners"] = manners
        if self.constants:
            shape["constants"] = dict(self.constants)
        return shape

    def as_json(self) -> dict[str, Any]:
        kept = {
            "entity": self.entity,
            "confidence": round(self.confidence, 2),
            "reason": self.reason,
            "fields": {str(rule.field_id): rule.as_json() for rule in self.fields},
        }
        return {**kept, "constants": dict(self.constants)} if self.constants else kept


@dataclass(frozen=True, slots=True)
class Options:
    """What holds for the whole import.

    `create_missing`: names of clinics, clinicians, types and payers not yet known are created.
    `decimal_sign`: what parts whole from fraction in the file's numbers.
    """

    time_zone: str = "Australia/Sydney"
    date_order: str = "DMY"
    create_missing: bool = True
    default_minutes: int = 30
    decimal_sign: str = "."

    def as_json(self) -> dict[str, Any]:
        kept = {
            "time_zone": self.time_zone,
            "date_order": self.date_order,
            "create_missing": self.create_missing,
            "default_minutes": self.default_minutes,
        }
        if self.decimal_sign != ".":
            kept["decimal_sign"] = self.decimal_sign
        return kept


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """The mapping of one file; `from_json` raises MappingError for what cannot be."""

    tables: tuple[TableRule, ...] = ()
    options: Options = field(default_factory=Options)
    decisions: Decisions = field(default_factory=dict)
    """What becomes of words that stand for clinics, clinicians, types and payers: `decisions.py`."""

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
        parts: list[Any] = [rule.effect, referred, self.options.as_json()]
        matters = {rule.entity, *_entities_referred_to(rule)}
        decided = {s: d for s, d in self.decisions.items() if s.partition("@")[0] in matters}
        if decided:
            parts.append(_decisions_json(decided))
        shape = json.dumps(parts, sort_keys=True)
        return hashlib.sha256(shape.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        kept = {
            "format": FORMAT,
            "options": self.options.as_json(),
            "tables": {str(rule.table_id): rule.as_json() for rule in self.tables},
        }
        if self.decisions:
            kept["decisions"] = _decisions_json(self.decisions)
        return kept

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> MappingSpec:
        if kept.get("format") not in READABLE:
            raise MappingError(f"This mapping is not of format {FORMAT}.")
        try:
            tables = tuple(_table_rule(int(key), rule) for key, rule in kept["tables"].items())
            options = _options(kept.get("options", {}))
            decisions = {
                str(scope): {str(key): Decision.from_json(made) for key, made in found.items()}
                for scope, found in kept.get("decisions", {}).items()
                if found
            }
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, MappingError):
                raise
            raise MappingError(f"The mapping is not well formed: {error!r}.") from error
        return cls(tuple(sorted(tables, key=lambda t: t.table_id)), options, decisions)


def _entities_referred_to(rule: TableRule) -> set[str]:
    entity = ENTITIES.get(rule.entity)
    names = [*(field.to for field in rule.fields), *(to for to, _ in rule.constants)]
    targets = [entity.by_name.get(name) for name in names] if entity else []
    return {target.refers_to for target in targets if target and target.refers_to}


def _decisions_json(decisions: Decisions) -> dict[str, Any]:
    return {
        scope: {key: made.as_json() for key, made in sorted(found.items())}
        for scope, found in sorted(decisions.items())
        if found
    }


def _options(kept: Mapping[str, Any]) -> Options:
    options = Options(**kept)
    try:
        ZoneInfo(options.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise MappingError(f"There is no time zone {options.time_zone!r}.") from error
    if options.date_order not in ORDERS:
        raise MappingError("The date order is DMY, MDY or YMD.")
    if options.decimal_sign not in {".", ","}:
        raise MappingError("The decimal sign is a point or a comma.")
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
        tuple(sorted((str(to), str(text)) for to, text in kept.get("constants", {}).items())),
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
        Manner.from_json(kept.get("with", {})),
    )
