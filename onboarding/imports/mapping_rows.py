"""The mapping as rows for the page: tables, their fields, and what each may become."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from onboarding.imports.loading.deciding import LOOKUPS
from onboarding.imports.manners import CLOSED, DATED, FLAGS, PLAIN, ways_of
from onboarding.imports.mapping import KEEP, LEAVE
from onboarding.imports.mapping_change import rule_words
from onboarding.imports.naming import tokens
from onboarding.imports.targets import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from onboarding.filemaker.sources import Field
    from onboarding.imports.mapping import FieldRule, MappingSpec, TableRule
    from onboarding.imports.structure import Structure, TableStructure
    from onboarding.imports.targets import Entity, Target

KEY_WORDS = frozenset({"id", "no", "number", "key", "code", "nr"})
SURE, LIKELY = 0.85, 0.65
JOINABLE = frozenset({"text", "lines", "person", "timestamp", "birth", "date", "day", "time"})
GLUE_NAMES = {"blank": " ", "comma": ", ", "line": "\n", "dash": " – ", "nothing": ""}

Choice = tuple[str, str]


@dataclass(frozen=True)
class FieldRow:
    """One field in the editor. `state` is what the filter asks for."""

    field: Field
    profile: Mapping[str, Any]
    name: str
    value: str
    label: str
    confidence: int
    tone: str
    reason: str
    state: str
    summary: str
    problem: str = ""
    warnings: Sequence[str] = ()
    has_manner: bool = False


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
    problem: str = ""
    hidden: Sequence[tuple[str, str]] = ()
    constants: Sequence[tuple[str, str, str]] = ()
    """Target, its label, and the text all records have there."""
    free: Sequence[Choice] = ()
    """Targets that may be the same for all: those no field goes to."""
    anew: bool = False

    @property
    def doubtful(self) -> int:
        return sum(row.state == "doubtful" for row in self.fields)

    @property
    def problems(self) -> int:
        return sum(bool(row.problem) for row in self.fields) + bool(self.problem)

    @property
    def kept(self) -> int:
        return sum(row.state == "kept" for row in self.fields)

    @property
    def hidden_by_reason(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for _, reason in self.hidden:
            counts[reason] = counts.get(reason, 0) + 1
        return counts


@dataclass(frozen=True)
class Panel:
    """How one field is read, with all that can be chosen about it."""

    row: FieldRow
    target: Target
    rule: FieldRule
    ways: Sequence[Choice]
    others: Sequence[str]
    """Names of the other fields that go to the same target."""
    joins: bool
    glue: str
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_dated(self) -> bool:
        return self.target.kind in DATED

    @property
    def is_flag(self) -> bool:
        return self.target.kind in FLAGS

    @property
    def is_lookup(self) -> bool:
        return self.target.refers_to in LOOKUPS

    @property
    def takes_words(self) -> bool:
        return self.target.kind in CLOSED or self.target.kind == "text"

    def words_for(self, meaning: str) -> str:
        return ", ".join(word for word, text in self.words.items() if text == meaning and word)

    @property
    def yes(self) -> str:
        return self.words_for("yes")

    @property
    def no(self) -> str:
        return self.words_for("no")

    @property
    def empty(self) -> str:
        return self.words.get("", "")

    @property
    def replacements(self) -> str:
        return "\n".join(f"{word} = {text}" for word, text in self.words.items())


class RowMaker:
    """Turns one mapping into rows. `problems` are words by table and field id."""

    def __init__(
        self,
        structure: Structure,
        spec: MappingSpec,
        profiles: Mapping[int, Mapping[str, Any]],
        problems: Mapping[tuple[int, int], str],
    ) -> None:
        self.structure, self.spec = structure, spec
        self._profiles, self._problems = profiles, problems

    def table(self, table: TableStructure, *, anew: bool = False) -> TableRow:
        rule = self.spec.table(table.id)
        entity = ENTITIES.get(rule.entity)
        profile = self._profiles[table.id]
        known = {p["id"]: p for p in profile["fields"]}
        groups = self.groups(table.id, entity) if entity else []
        labels = {value: label for _, choices in groups for value, label in choices}
        fields = [
            self._field(table, f, rule, profile=known[f.id], labels=labels)
            for f in table.fields
            if f.id in known and not known[f.id]["hidden"] and f in table.record_fields
        ]
        hidden = [(f.name, known[f.id]["hidden"]) for f in table.fields if known_hidden(known, f)]
        return TableRow(
            table,
            profile["records"] - profile["blank"],
            f"t{table.id}",
            entity,
            rule.reason,
            round(100 * rule.confidence),
            groups,
            fields,
            sum(1 for r in rule.fields if r.is_mapped),
            self._problems.get((table.id, 0), ""),
            hidden,
            list(_constants(rule, entity)),
            list(_free(rule, entity)),
            anew,
        )

    def _field(
        self,
        table: TableStructure,
        field: Field,
        rule: TableRule,
        *,
        profile: Mapping[str, Any],
        labels: Mapping[str, str],
    ) -> FieldRow:
        entity, own = ENTITIES.get(rule.entity), rule.rule(field.id)
        value = choice_of(own)
        target = entity.by_name.get(own.to) if entity else None
        said = rule_words(rule, field).partition(", ")[2]
        return FieldRow(
            field,
            profile,
            f"t{table.id}-f{field.id}",
            value,
            labels.get(value, "Kept with the record" if own.to == KEEP else value),
            round(100 * own.confidence),
            _tone(own.confidence),
            own.reason,
            state_of(own),
            said if own.how or own.manner != PLAIN else "",
            self._problems.get((table.id, field.id), ""),
            list(_warnings(profile, target)),
            target is not None,
        )

    def panel(self, table: TableStructure, field: Field) -> Panel | None:
        """Answer how a field is read; None for one that goes nowhere."""
        row = self.table(table)
        found = next((f for f in row.fields if f.field.id == field.id), None)
        rule = self.spec.table(table.id)
        own = rule.rule(field.id)
        target = row.entity.by_name.get(own.to) if row.entity else None
        if found is None or target is None:
            return None
        names = {f.id: f.name for f in table.fields}
        others = [names[r.field_id] for r in rule.to(own.to) if r.field_id != field.id]
        glue = next((n for n, sign in GLUE_NAMES.items() if sign == own.manner.glue), "")
        return Panel(
            found,
            target,
            own,
            ways_of(target, field),
            others,
            bool(others) and target.kind in JOINABLE,
            glue,
            dict(own.manner.words),
        )

    def groups(self, table_id: int, entity: Entity) -> list[tuple[str, list[Choice]]]:
        groups: dict[str, list[Choice]] = {}
        for target in entity.targets:
            choices = groups.setdefault(target.group or entity.label, [])
            if not target.refers_to:
                choices.append((target.name, target.label))
                continue
            choices.append((target.name, f"{target.label}, by name"))
            for other, key in self._keys_of(table_id, target.refers_to):
                label = f"{target.label}, by {other.name}::{key.name}"
                choices.append((f"{target.name}@{other.id}:{key.id}", label))
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


def known_hidden(known: Mapping[int, Mapping[str, Any]], field: Field) -> bool:
    return field.id in known and bool(known[field.id]["hidden"])


def choice_of(rule: FieldRule) -> str:
    return f"{rule.to}@{rule.via.table_id}:{rule.via.field_id}" if rule.via else rule.to


def state_of(rule: FieldRule) -> str:
    if rule.to == LEAVE:
        return "left"
    if rule.to == KEEP:
        return "kept"
    return "mapped" if rule.confidence >= SURE else "doubtful"


def _tone(confidence: float) -> str:
    if confidence >= SURE:
        return "success"
    return "info" if confidence >= LIKELY else "warning"


def _constants(rule: TableRule, entity: Entity | None) -> Iterator[tuple[str, str, str]]:
    for name, text in rule.constants:
        target = entity.by_name.get(name) if entity else None
        yield name, target.label if target else name, text


def _free(rule: TableRule, entity: Entity | None) -> Iterator[Choice]:
    taken = {r.to for r in rule.fields} | {name for name, _ in rule.constants}
    for target in entity.targets if entity else ():
        if target.name not in taken and target.kind not in {"container", "identifier"}:
            yield target.name, target.label


def _warnings(profile: Mapping[str, Any], target: Target | None) -> Iterator[str]:
    """What the profile found that speaks against taking the field as it is."""
    orders = profile.get("date_orders") or {}
    if target is not None and target.kind in DATED and orders.get("DMY") and orders.get("MDY"):
        yield (
            f"Dates of two kinds: {orders['DMY']:,} can only be day first, {orders['MDY']:,} only "
            "month first."
        )
    if found := profile.get("duplicates"):
        stand = "of its numbers stands" if found["values"] == 1 else "of its numbers stand"
        yield f"{found['values']:,} {stand} in more than one record ({found['records']:,} records)."
    if target is not None and target.kind in {"number", "integer", "money", "minutes"}:
        wrong = profile.get("offenders") or {}
        if wrong:
            yield f"{wrong['cells']:,} cells hold more than a number."
