"""The mapping as a form: reads what the page sends back into a mapping."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from onboarding.imports.manners import FLAGS, PLAIN, Manner, ways_of
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
from onboarding.imports.mapping_check import complaints_of
from onboarding.imports.mapping_rows import GLUE_NAMES, RowMaker
from onboarding.imports.structure import Structure
from onboarding.imports.suggest import evidence_of, suggest_table
from onboarding.imports.targets import ENTITIES
from onboarding.imports.values.text import folded, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onboarding.filemaker.sources import Field
    from onboarding.imports.mapping_rows import Panel, TableRow
    from onboarding.imports.models import ImportSource
    from onboarding.imports.structure import TableStructure
    from onboarding.imports.targets import Entity

CHOSEN = "Chosen by you."
_FIRST = {"patient": 0, "appointment": 1}


class MappingForm:
    """Reads a spec into rows and rows back into a spec.

    What the page does not send stays as it was: a large file has more fields than a form may hold, so
    the page sends what was changed.
    """

    def __init__(self, source: ImportSource, spec: MappingSpec) -> None:
        self.structure = Structure.from_json(source.structure)
        self.spec = spec
        self._profiles = {p["id"]: p for p in source.profile.get("tables", ())}

    # ── from the spec to the page ─────────────────────────────────────────────────────────────────

    def tables(self, *, problems: bool = False) -> list[TableRow]:
        """Answer the tables that hold records, those that become something first."""
        maker = self._rows(problems=problems)
        shown = [maker.table(table) for table in self.structure.tables if self._has_records(table)]
        return sorted(
            shown,
            key=lambda row: (
                row.entity is None,
                _FIRST.get(row.entity.name if row.entity else "", 2),
                row.table.id,
            ),
        )

    def empty_tables(self) -> list[str]:
        return [table.name for table in self.structure.tables if not self._has_records(table)]

    def table_row(self, table_id: int, *, anew: bool = False) -> TableRow:
        return self._rows().table(self._table(table_id), anew=anew)

    def panel(self, table_id: int, field_id: int) -> Panel | None:
        """Answer how one field is read; raises MappingError where the file has no such field."""
        table = self._table(table_id)
        found = table.field(field_id)
        if found is None:
            raise MappingError(f"Table {table.name} has no field {field_id}.")
        return self._rows(problems=True).panel(table, found)

    def _rows(self, *, problems: bool = False) -> RowMaker:
        told: dict[tuple[int, int], str] = {}
        if problems:
            for complaint in complaints_of(self.spec, self.structure):
                place = (complaint.table_id, complaint.field_id)
                told[place] = (
                    f"{told[place]} {complaint.message}" if place in told else complaint.message
                )
        return RowMaker(self.structure, self.spec, self._profiles, told)

    def _has_records(self, table: TableStructure) -> bool:
        return table.id in self._profiles and not self._profiles[table.id]["hidden"]

    def _table(self, table_id: int) -> TableStructure:
        table = self.structure.table(table_id)
        if table is None or table_id not in self._profiles:
            raise MappingError(f"The file has no table {table_id}.")
        return table

    # ── from the page to the spec ─────────────────────────────────────────────────────────────────

    def read(self, sent: Mapping[str, str]) -> MappingSpec:
        """Answer the spec that was sent; raises MappingError for what no form offers."""
        options = self._options(sent)
        rules = []
        for table in self.structure.tables:
            if f"t{table.id}" not in sent and not any(
                name.startswith(f"t{table.id}-") for name in sent
            ):
                rules.append(self.spec.table(table.id))
                continue
            rules.append(self._read_table(table, sent))
        known = {r.table_id for r in self.spec.tables}
        kept = [r for r in rules if r.entity or r.table_id in known]
        return replace(self.spec, tables=tuple(kept), options=options)

    def _read_table(self, table: TableStructure, sent: Mapping[str, str]) -> TableRule:
        before = self.spec.table(table.id)
        name = sent.get(f"t{table.id}", before.entity)
        if name and name not in ENTITIES:
            raise MappingError(f"There is no kind of record {name!r}.")
        if not name:
            reason = "Left out by choice." if before.entity else before.reason
            return TableRule(table.id, "", (), 0, reason)
        entity, same = ENTITIES[name], before.entity == name
        fields = []
        for field in table.fields:
            old = before.rule(field.id) if same else FieldRule(field.id)
            rule = _read_field(f"t{table.id}-f{field.id}", old, entity, field, sent)
            if rule != FieldRule(field.id):
                fields.append(rule)
        return TableRule(
            table.id,
            name,
            tuple(fields),
            before.confidence if same else 1,
            before.reason if same else CHOSEN,
            _read_constants(f"t{table.id}-constant", before if same else None, entity, sent),
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
                decimal_sign=sent.get("decimal_sign") or before.decimal_sign,
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
            evidence = evidence_of(table, self._profiles[table_id], self.structure)
            chosen = {r.table_id: (r.entity, 1.0) for r in self.spec.tables if r.entity}
            rule = suggest_table(
                evidence, {**chosen, table_id: (entity, 1.0)}, self.structure, None
            )
            rule = replace(rule, reason=CHOSEN)
        return self._with(self.spec.with_table(rule))

    def _with(self, spec: MappingSpec) -> MappingForm:
        form = object.__new__(MappingForm)
        form.structure, form._profiles = self.structure, self._profiles
        form.spec = spec
        return form


def _read_field(
    name: str, old: FieldRule, entity: Entity, field: Field, sent: Mapping[str, str]
) -> FieldRule:
    """Answer a field's rule: its place, its way of reading, and what else was said about it."""
    rule = _rule_of(field.id, sent[name]) if name in sent else replace(old)
    if (old.to, old.via) == (rule.to, rule.via):
        rule = old
    elif rule.to != KEEP:
        rule = replace(rule, confidence=1, reason=CHOSEN)
    target = entity.by_name.get(rule.to)
    if target is None or rule.to == LEAVE:
        return replace(rule, how="", manner=PLAIN)
    how = sent.get(f"{name}-as", rule.how)
    if how not in dict(ways_of(target, field)):
        how = ""
    manner = _read_manner(name, rule.manner, is_flag=target.kind in FLAGS, sent=sent)
    return replace(rule, how=how, manner=manner)


def _read_manner(name: str, old: Manner, *, is_flag: bool, sent: Mapping[str, str]) -> Manner:
    glue, order, pivot, words = old.glue, old.order, old.pivot, dict(old.words)
    if f"{name}-glue" in sent:
        glue = GLUE_NAMES.get(sent[f"{name}-glue"])
    if f"{name}-order" in sent:
        order = _whole(sent[f"{name}-order"], "The place among joined fields", 0, 99) or 0
    if f"{name}-pivot" in sent:
        pivot = _whole(sent[f"{name}-pivot"], "The last year of this century", 0, 99)
    if is_flag and f"{name}-yes" in sent:
        words = {
            **_words(sent[f"{name}-yes"], "yes"),
            **_words(sent.get(f"{name}-no", ""), "no"),
        }
        if (empty := sent.get(f"{name}-empty", "")) in {"yes", "no"}:
            words[""] = empty
    if f"{name}-words" in sent:
        pairs = [line.partition("=") for line in sent[f"{name}-words"].splitlines()]
        words = {
            folded(word): one_line(text) for word, sign, text in pairs if sign and folded(word)
        }
    return Manner(glue, order, pivot, tuple(sorted(words.items())))


def _words(sent: str, meaning: str) -> dict[str, str]:
    return {folded(word): meaning for word in sent.replace("\n", ",").split(",") if folded(word)}


def _whole(text: str, what: str, least: int, most: int) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdecimal() or not least <= int(text) <= most:
        raise MappingError(f"{what} is a number from {least} to {most}.")
    return int(text)


def _read_constants(
    name: str, before: TableRule | None, entity: Entity, sent: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Answer what all records have in common: what stood there, what was sent, and one new one."""
    constants = dict(before.constants) if before else {}
    for target in entity.targets:
        if (key := f"{name}-{target.name}") in sent:
            constants[target.name] = one_line(sent[key])
    new = sent.get(f"{name}-new", "")
    if new in entity.by_name and one_line(sent.get(f"{name}-text", "")):
        constants[new] = one_line(sent[f"{name}-text"])
    return tuple(sorted((to, text) for to, text in constants.items() if text))


def _rule_of(field_id: int, choice: str) -> FieldRule:
    to, at, key = choice.partition("@")
    if not at:
        return FieldRule(field_id, to)
    table_id, _, key_field = key.partition(":")
    try:
        return FieldRule(field_id, to, "", Via(int(table_id), int(key_field)))
    except ValueError as error:
        raise MappingError(f"{choice!r} is not a choice.") from error
