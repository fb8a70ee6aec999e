"""What has changed: between two files of one solution, and between two versions of a mapping."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from onboarding.imports.manners import ways_of
from onboarding.imports.mapping import KEEP, LEAVE, MappingSpec
from onboarding.imports.targets import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onboarding.filemaker.sources import Field
    from onboarding.imports.decisions import Decision
    from onboarding.imports.mapping import FieldRule, TableRule
    from onboarding.imports.structure import Structure, TableStructure

Kind = Literal["new", "gone", "renamed", "type"]


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One table (`field` empty) or field that differs from the file mapped before."""

    kind: Kind
    table: str
    field: str
    was: str = ""
    now: str = ""
    effect: str = ""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One field, option or decision that two mappings treat differently."""

    table: str
    what: str
    was: str
    now: str


# ── a file whose structure has changed ────────────────────────────────────────────────────────────


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
        kept = [
            rule for rule in decided.fields if rule.field_id in same and _via_holds(rule, structure)
        ]
        tables.append(
            replace(decided, fields=(*kept, *_new_fields(suggested, decided, kept, same)))
        )
    return MappingSpec(tuple(tables), old.options, old.decisions)


def _via_holds(rule: FieldRule, structure: Structure) -> bool:
    """False where the field a number was looked up in is gone: the rule has to be made anew."""
    if rule.via is None:
        return True
    other = structure.table(rule.via.table_id)
    return other is not None and other.field(rule.via.field_id) is not None


def _new_fields(
    suggested: TableRule, decided: TableRule, kept: list[FieldRule], same: set[int]
) -> list[FieldRule]:
    if suggested.entity != decided.entity or not decided.entity:
        return []
    targets = ENTITIES[decided.entity].by_name
    taken = {rule.to for rule in kept} | {name for name, _ in decided.constants}
    here = {rule.field_id for rule in kept}
    seen_before = {rule.field_id for rule in decided.fields}
    return [
        rule
        for rule in suggested.fields
        if rule.field_id not in here
        and (rule.field_id not in same or rule.field_id in seen_before)
        and (rule.to not in taken or targets[rule.to].many)
    ]


def schema_changes(
    known: Structure, structure: Structure, spec: MappingSpec, old: MappingSpec
) -> list[SchemaChange]:
    """Answer what differs between the file mapped before and this one, and what happens to each.

    `old` is the mapping confirmed for the former file, `spec` the one proposed for this one.
    """
    changes: list[SchemaChange] = []
    for table in structure.tables:
        before = known.table(table.id)
        if before is None:
            entity = ENTITIES.get(spec.table(table.id).entity)
            effect = f"Suggested as {entity.plural.lower()}." if entity else "Not taken over."
            changes.append(SchemaChange("new", table.name, "", now=table.name, effect=effect))
            continue
        if before.name != table.name:
            effect = "The same table: its mapping stays."
            changes.append(SchemaChange("renamed", table.name, "", before.name, table.name, effect))
        changes += _field_changes(before, table, spec.table(table.id), old.table(table.id))
    for before in known.tables:
        if structure.table(before.id) is None:
            effect = (
                "What was imported from it stays."
                if old.table(before.id).entity
                else "Nothing was taken from it."
            )
            changes.append(SchemaChange("gone", before.name, "", was=before.name, effect=effect))
    return changes


def _field_changes(
    before: TableStructure, now: TableStructure, rule: TableRule, old: TableRule
) -> Iterator[SchemaChange]:
    for field in now.record_fields:
        was = before.field(field.id)
        if was is None:
            yield SchemaChange(
                "new", now.name, field.name, now=field.name, effect=_place(rule, field)
            )
            continue
        if was.name != field.name:
            yield SchemaChange(
                "renamed", now.name, field.name, was.name, field.name,
                f"The same field: still {_place(rule, field, start='')}",
            )  # fmt: skip
        if was.type != field.type:
            yield SchemaChange(
                "type", now.name, field.name, was.type, field.type,
                f"Suggested anew: {_place(rule, field, start='')}",
            )  # fmt: skip
    for field in before.record_fields:
        if now.field(field.id) is None:
            had = old.rule(field.id)
            effect = (
                f"Nothing goes to {_label(old.entity, had.to)} from it any more; "
                "what was imported stays."
                if had.is_mapped
                else "It was kept with the record; nothing new comes."
            )
            yield SchemaChange("gone", now.name, field.name, was=field.name, effect=effect)


def _place(rule: TableRule, field: Field, start: str = "Suggested as ") -> str:
    if not rule.entity:
        return "in a table that is not taken over."
    own = rule.rule(field.id)
    if own.to == KEEP:
        return "kept with the record."
    if own.to == LEAVE:
        return "left out."
    return f"{start}{_label(rule.entity, own.to)}."


def _label(entity: str, target: str) -> str:
    found = ENTITIES[entity].by_name.get(target) if entity in ENTITIES else None
    return found.label if found else target


# ── two versions of a mapping ─────────────────────────────────────────────────────────────────────


def rule_changes(old: MappingSpec, new: MappingSpec, structure: Structure) -> list[RuleChange]:
    """Answer what two versions treat differently, in the order of the file's tables."""
    changes: list[RuleChange] = []
    for table in structure.tables:
        was, now = old.table(table.id), new.table(table.id)
        if was.entity != now.entity:
            what = "Its records become"
            changes.append(RuleChange(table.name, what, _kind(was.entity), _kind(now.entity)))
        for field in table.fields:
            one, other = rule_words(was, field), rule_words(now, field)
            if one != other:
                changes.append(RuleChange(table.name, field.name, one, other))
        before, after = dict(was.constants), dict(now.constants)
        changes += [
            RuleChange(
                table.name,
                f"{_label(now.entity or was.entity, name)}, for all",
                before.get(name, "–"),
                after.get(name, "–"),
            )
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        ]
    was_options, options = old.options.as_json(), new.options.as_json()
    changes += [
        RuleChange("", name.replace("_", " "), str(was_options.get(name, "–")), str(value))
        for name, value in options.items()
        if was_options.get(name) != value
    ]
    return [*changes, *_decision_changes(old, new)]


def _decision_changes(old: MappingSpec, new: MappingSpec) -> Iterator[RuleChange]:
    for scope in sorted(old.decisions.keys() | new.decisions.keys()):
        was, now = old.decisions.get(scope, {}), new.decisions.get(scope, {})
        for key in sorted(was.keys() | now.keys()):
            one, other = was.get(key), now.get(key)
            if one != other:
                word = (other or one).text or key  # type: ignore[union-attr]
                yield RuleChange(
                    _kind(scope.partition("@")[0]), f"“{word}”",
                    decision_words(one), decision_words(other),
                )  # fmt: skip


def decision_words(decision: Decision | None) -> str:
    if decision is None:
        return "not decided"
    if decision.verdict == "match":
        return f"is {decision.name or decision.id}"
    if decision.verdict == "create":
        return f"created as {decision.name}" if decision.name else "created"
    return "left empty" if decision.verdict == "empty" else "records set aside"


def rule_words(rule: TableRule, field: Field) -> str:
    """Say in words what becomes of a field."""
    if not rule.entity:
        return "not taken over"
    own = rule.rule(field.id)
    if own.to == KEEP:
        return "kept with the record"
    if own.to == LEAVE:
        return "left out"
    target = ENTITIES[rule.entity].by_name.get(own.to) if rule.entity in ENTITIES else None
    if target is None:
        return own.to
    parts = [target.label]
    if own.how:
        parts.append(dict(ways_of(target)).get(own.how, own.how))
    if own.via:
        parts.append("by number")
    if own.manner.glue is not None:
        parts.append("joined")
    if own.manner.words:
        parts.append(f"{len(own.manner.words)} words given a meaning")
    if own.manner.pivot is not None:
        parts.append(f"years up to {own.manner.pivot:02} are of this century")
    return ", ".join(parts)


def _kind(entity: str) -> str:
    found = ENTITIES.get(entity)
    return found.plural if found else "not taken over"
