"""The mapping as a form: one choice for each table, one or two for each field."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from onboarding.imports.mapping import (
    KEEP,
    LEAVE,
    FieldRule,
    MappingError,
    MappingSpec,
    Options,
    TableRule,
    Via,
)
from onboarding.imports.naming import tokens
from onboarding.imports.structure import Structure
from onboarding.imports.suggest import suggest_table
from onboarding.imports.suggest_tables import TableEvidence
from onboarding.imports.targets import CHOICES, ENTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onboarding.filemaker.sources import Field
    from onboarding.imports.models import ImportSource
    from onboarding.imports.structure import TableStructure
    from onboarding.imports.targets import Entity

KEY_WORDS = frozenset({"id", "no", "number", "key", "code", "nr"})
SURE, LIKELY = 0.85, 0.65
ASKED = frozenset({"person", "date", "birth", "day", "timestamp", "phone"})
"""Ways of reading that are worth a second choice on the page; the others are for mapping files."""

Choice = tuple[str, str]


@dataclass(frozen=True)
class FieldRow:
    """One field in the editor."""

    field: Field
    profile: Mapping[str, Any]
    name: str
    value: str
    how: str
    how_choices: Sequence[Choice]
    confidence: int
    tone: str
    reason: str


@dataclass(frozen=True)
class TableRow:
    """One table in the editor; `groups` are the choices of all its fields."""

    table: TableStructure
    records: int
    name: str
    entity: Entity | None
    reason: str
    confidence: int
    groups: Sequence[tuple[str, Sequence[Choice]]]
    fields: Sequence[FieldRow]
    mapped: int


class MappingForm:
    """Reads a spec into rows and rows back into a spec."""

    def __init__(self, source: ImportSource, spec: MappingSpec) -> None:
        self.structure = Structure.from_json(source.structure)
        self.spec = spec
        self._profiles = {p["id"]: p for p in source.profile.get("tables", ())}

    # ── from the spec to the page ─────────────────────────────────────────────────────────────────

    def tables(self) -> list[TableRow]:
        """Answer the tables that hold records, those that become something first."""
        shown = [
            self.table_row(table.id)
            for table in self.structure.tables
            if not self._profiles.get(table.id, {"hidden": "empty"})["hidden"]
        ]
        return sorted(shown, key=lambda row: (row.entity is None, _order(row)))

    def empty_tables(self) -> list[str]:
        return [
            table.name
            for table in self.structure.tables
            if self._profiles.get(table.id, {"hidden": "empty"})["hidden"]
        ]

    def table_row(self, table_id: int) -> TableRow:
        table = self._table(table_id)
        rule = self.spec.table(table_id)
        entity = ENTITIES.get(rule.entity)
        profile = self._profiles[table_id]
        fields = [self._field_row(table, f, rule, entity) for f in self._shown(table)]
        return TableRow(
            table,
            profile["records"] - profile["blank"],
            f"t{table_id}",
            entity,
            rule.reason,
            round(100 * rule.confidence),
            self._groups(table_id, entity) if entity else (),
            fields,
            sum(1 for r in rule.fields if r.to not in {KEEP, LEAVE}),
        )

    def _table(self, table_id: int) -> TableStructure:
        table = self.structure.table(table_id)
        if table is None or table_id not in self._profiles:
            raise MappingError(f"The file has no table {table_id}.")
        return table

    def _shown(self, table: TableStructure) -> list[Field]:
        known = {p["id"]: p for p in self._profiles[table.id]["fields"]}
        return [f for f in table.record_fields if f.id in known and not known[f.id]["hidden"]]

    def _field_row(
        self, table: TableStructure, field: Field, rule: TableRule, entity: Entity | None
    ) -> FieldRow:
        profile = next(p for p in self._profiles[table.id]["fields"] if p["id"] == field.id)
        own = rule.rule(field.id)
        target = entity.by_name.get(own.to) if entity else None
        confidence = round(100 * own.confidence)
        tone = (
            "success"
            if own.confidence >= SURE
            else "info"
            if own.confidence >= LIKELY
            else "warning"
        )
        return FieldRow(
            field,
            profile,
            f"t{table.id}-f{field.id}",
            _choice_of(own),
            own.how,
            CHOICES.get(target.kind, ()) if target and target.kind in ASKED else (),
            confidence,
            tone,
            own.reason,
        )

    def _groups(self, table_id: int, entity: Entity) -> list[tuple[str, list[Choice]]]:
        groups: dict[str, list[Choice]] = {}
        for target in entity.targets:
            choices = groups.setdefault(target.group or entity.label, [])
            if not target.refers_to:
                choices.append((target.name, target.label))
                continue
            choices.append((target.name, f"{target.label}, by name"))
            for other, key in self._keys_of(table_id, target.refers_to):
                choices.append(
                    (
                        f"{target.name}@{other.id}:{key.id}",
                        f"{target.label}, by {other.name}::{key.name}",
                    )
                )
        return list(groups.items())

    def _keys_of(self, table_id: int, entity: str) -> list[tuple[TableStructure, Field]]:
        found: list[tuple[TableStructure, Field]] = []
        for rule in self.spec.of_entity(entity):
            other = self.structure.table(rule.table_id)
            if other is None or other.id == table_id:
                continue
            used = {
                r.via.field_id
                for t in self.spec.tables
                for r in t.fields
                if r.via and r.via.table_id == other.id
            }
            found += [
                (other, field)
                for field in other.record_fields
                if field.id in used or KEY_WORDS & set(tokens(field.name))
            ]
        return found

    # ── from the page to the spec ─────────────────────────────────────────────────────────────────

    def read(self, sent: Mapping[str, str]) -> MappingSpec:
        """Answer the spec that was sent; raises MappingError for what no form offers."""
        options = self._options(sent)
        rules = []
        for table in self.structure.tables:
            name = f"t{table.id}"
            if name not in sent:
                rules.append(self.spec.table(table.id))
                continue
            rules.append(self._read_table(table, sent))
        known = {r.table_id for r in self.spec.tables}
        kept = [r for r in rules if r.entity or r.table_id in known]
        return MappingSpec(tuple(kept), options)

    def _read_table(self, table: TableStructure, sent: Mapping[str, str]) -> TableRule:
        before = self.spec.table(table.id)
        entity = sent[f"t{table.id}"]
        if entity and entity not in ENTITIES:
            raise MappingError(f"There is no kind of record {entity!r}.")
        if not entity:
            return TableRule(
                table.id, "", (), 0, "Left out by choice." if before.entity else before.reason
            )
        fields = []
        for field in table.fields:
            name = f"t{table.id}-f{field.id}"
            if name not in sent:
                continue
            rule = _rule_of(field.id, sent[name], sent.get(f"{name}-as", ""))
            old = before.rule(field.id)
            if before.entity == entity and (old.to, old.via) == (rule.to, rule.via):
                rule = replace(rule, confidence=old.confidence, reason=old.reason)
            elif rule.to != KEEP:
                rule = replace(rule, confidence=1, reason="Chosen by you.")
            target = ENTITIES[entity].by_name.get(rule.to)
            if rule.how and rule.how not in dict(CHOICES.get(target.kind, ()) if target else ()):
                rule = replace(rule, how="")
            if rule != FieldRule(field.id):
                fields.append(rule)
        same = before.entity == entity
        return TableRule(
            table.id,
            entity,
            tuple(fields),
            before.confidence if same else 1,
            before.reason if same else "Chosen by you.",
        )

    def _options(self, sent: Mapping[str, str]) -> Options:
        before = self.spec.options
        try:
            return Options(
                time_zone=sent.get("time_zone") or before.time_zone,
                date_order=sent.get("date_order") or before.date_order,
                create_missing=sent.get("create_missing", "") == "on"
                if "options" in sent
                else before.create_missing,
                default_minutes=int(sent.get("default_minutes") or before.default_minutes),
            )
        except ValueError as error:
            raise MappingError("The usual length is a number of minutes.") from error

    def with_entity(self, table_id: int, entity: str) -> MappingForm:
        """Answer the form with a table taken for something else, its fields suggested anew."""
        table = self._table(table_id)
        if entity and entity not in ENTITIES:
            raise MappingError(f"There is no kind of record {entity!r}.")
        rule = TableRule(table_id, reason="Left out by choice.")
        if entity:
            profile = self._profiles[table_id]
            evidence = TableEvidence(table, profile, {f["id"]: f for f in profile["fields"]})
            chosen = {r.table_id: (r.entity, 1.0) for r in self.spec.tables if r.entity}
            rule = suggest_table(
                evidence, {**chosen, table_id: (entity, 1.0)}, self.structure, None
            )
            rule = replace(rule, reason="Chosen by you.")
        form = object.__new__(MappingForm)
        form.structure, form._profiles = self.structure, self._profiles
        form.spec = self.spec.with_table(rule)
        return form


def _order(row: TableRow) -> tuple[int, int]:
    """Patients first, then appointments, then what they need."""
    first = {"patient": 0, "appointment": 1}
    return first.get(row.entity.name if row.entity else "", 2), row.table.id


def _choice_of(rule: FieldRule) -> str:
    return f"{rule.to}@{rule.via.table_id}:{rule.via.field_id}" if rule.via else rule.to


def _rule_of(field_id: int, choice: str, how: str) -> FieldRule:
    to, at, key = choice.partition("@")
    if not at:
        return FieldRule(field_id, to, how)
    table_id, _, key_field = key.partition(":")
    try:
        return FieldRule(field_id, to, how, Via(int(table_id), int(key_field)))
    except ValueError as error:
        raise MappingError(f"{choice!r} is not a choice.") from error
