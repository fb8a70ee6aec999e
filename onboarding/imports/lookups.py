"""The words and numbers of a file that stand for clinics, clinicians, types and payers, with counts.

For each the clinic decides what it means. One that stands here already under the same name, or that
the file's own table brings, needs no decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from django.db import connection

from onboarding.imports.decisions import Decision, scope_of_key
from onboarding.imports.loading.deciding import LOOKUPS, name_fields, name_key
from onboarding.imports.loading.keys import key_text
from onboarding.imports.loading.writing import MODELS
from onboarding.imports.resemblance import closest
from onboarding.imports.structure import Structure
from onboarding.imports.targets import ENTITIES, LOCATION
from onboarding.imports.values.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from onboarding.imports.mapping import FieldRule, MappingSpec, TableRule
    from onboarding.imports.models import ImportSource

MOST_VALUES = 300
"""A field with more different values than this holds no list; the most frequent are shown."""


@dataclass(frozen=True, slots=True)
class Known:
    """A row that is here, or a record of the file that will be."""

    name: str
    id: str = ""


@dataclass(slots=True)
class LookupValue:
    """One word or number, where it stands and how often, and what is or may be decided."""

    entity: str
    scope: str
    key: str
    text: str
    count: int = 0
    where: list[str] = field(default_factory=list)
    decision: Decision | None = None
    settled: str = ""
    """Why nothing has to be decided; empty where something has."""
    suggestion: Decision | None = None
    reason: str = ""
    own_record: bool = False

    @property
    def name(self) -> str:
        """How the form calls it: keys may hold any character, and never an equals sign."""
        return f"v{self.scope}={self.key}"

    @property
    def is_decided(self) -> bool:
        return self.decision is not None or bool(self.settled)

    @property
    def choice(self) -> str:
        """The decision as the form's choice; empty where none was made."""
        return choice_of(self.decision)


@dataclass(frozen=True)
class LookupGroup:
    """All values of one entity, those to decide first, and what they can be matched with."""

    entity: str
    label: str
    plural: str
    values: Sequence[LookupValue]
    existing: Sequence[Known]
    cut: bool = False

    @property
    def open(self) -> list[LookupValue]:
        return [value for value in self.values if not value.settled]

    @property
    def settled(self) -> list[LookupValue]:
        return [value for value in self.values if value.settled]


def choice_of(decision: Decision | None) -> str:
    if decision is None:
        return ""
    if decision.verdict == "match":
        return f"match:{decision.id}" if decision.id else f"name:{decision.name}"
    return decision.verdict


def lookup_groups(source: ImportSource, spec: MappingSpec) -> list[LookupGroup]:
    """Answer every look-up of the mapping with its values; needs the clinic's scope."""
    finder = _Finder(source, spec)
    found = [group for entity in LOOKUPS if (group := finder.group(entity)).values]
    return sorted(found, key=lambda group: not group.open)


def progress_of(groups: Iterable[LookupGroup]) -> tuple[int, int]:
    """Answer how many of the values that need a decision have one, and how many need one."""
    values = [value for group in groups for value in group.open]
    return sum(value.is_decided for value in values), len(values)


def accept_suggestions(spec: MappingSpec, groups: Iterable[LookupGroup]) -> MappingSpec:
    """Decide all that is open as suggested."""
    made = {scope: dict(found) for scope, found in spec.decisions.items()}
    for group in groups:
        for value in group.open:
            if value.decision is None and value.suggestion is not None:
                made.setdefault(value.scope, {})[value.key] = value.suggestion
    return replace(spec, decisions=made)


def read_decisions(
    spec: MappingSpec, groups: Iterable[LookupGroup], sent: Mapping[str, str]
) -> MappingSpec:
    """Answer the mapping with the choices of the form; what was not sent stays as it is."""
    made = {scope: dict(found) for scope, found in spec.decisions.items()}
    for group in groups:
        names = {known.id: known.name for known in group.existing if known.id}
        for value in group.values:
            if value.name not in sent:
                continue
            decision = _decision(sent[value.name], names, value)
            if decision is None:
                made.get(value.scope, {}).pop(value.key, None)
            else:
                made.setdefault(value.scope, {})[value.key] = decision
    return replace(spec, decisions={scope: found for scope, found in made.items() if found})


def _decision(choice: str, names: Mapping[str, str], value: LookupValue) -> Decision | None:
    head, _, tail = choice.partition(":")
    if head == "match" and tail in names:
        return Decision("match", names[tail], tail, value.text)
    if head == "name" and tail:
        return Decision("match", tail, "", value.text)
    if head in {"create", "empty", "quarantine"}:
        return Decision(head, text=value.text)
    return None


class _Finder:
    """Reads the distinct values of the fields concerned, each field once."""

    def __init__(self, source: ImportSource, spec: MappingSpec) -> None:
        self.source, self.spec = source, spec
        self.structure = Structure.from_json(source.structure)
        self.cut: set[str] = set()

    def group(self, entity: str) -> LookupGroup:
        existing = _existing(entity)
        brought = self._brought(entity)
        found: dict[tuple[str, str], LookupValue] = {}
        for value in [*self._own_records(entity, brought), *self._values(entity)]:
            known = found.setdefault((value.scope, value.key), value)
            if known is not value:
                known.count += value.count
                known.where += [place for place in value.where if place not in known.where]
        names = [*existing, *(Known(name) for name in brought.values())]
        for value in found.values():
            self._judge(value, existing, brought, names)
        kind = ENTITIES[entity]
        values = sorted(found.values(), key=lambda v: (bool(v.settled), -v.count, v.text))
        shown = _unique(existing)
        return LookupGroup(entity, kind.label, kind.plural, values, shown, entity in self.cut)

    def _judge(
        self,
        value: LookupValue,
        existing: Sequence[Known],
        brought: Mapping[str, str],
        names: Sequence[Known],
    ) -> None:
        value.decision = self.spec.decisions.get(value.scope, {}).get(value.key)
        is_word = value.scope == value.entity
        same = {k.id: k for k in existing if name_key(value.entity, k.name) == value.key}
        if is_word and len(same) == 1:
            value.settled = f"here as {next(iter(same.values())).name}"
        elif is_word and value.key in brought and not value.own_record:
            value.settled = "comes with its own table of the file"
        value.suggestion, value.reason = self._suggest(value, same, existing, names)
        if value.own_record and not value.settled and value.suggestion.verdict != "match":
            value.settled = "new: created from its own table"
        if value.decision is not None:
            value.settled = ""

    def _suggest(
        self,
        value: LookupValue,
        same: Mapping[str, Known],
        existing: Sequence[Known],
        names: Sequence[Known],
    ) -> tuple[Decision, str]:
        label = ENTITIES[value.entity].label.lower()
        text = value.text
        if len(same) > 1:
            return Decision("empty", text=text), f"Several {label}s here have that name."
        near = closest(text, existing if value.own_record else names, value.entity)
        if near is not None:
            known, reason = near
            return Decision("match", known.name, known.id, text), reason
        if not any(c.isalpha() for c in text):
            return Decision("empty", text=text), f"A number no {label} of the file has."
        if self.spec.options.create_missing:
            reason = f"No {label} here has a name like it."
            return Decision("create", text=text), reason
        return Decision("empty", text=text), "Nothing is created where a name is missing."

    def _brought(self, entity: str) -> dict[str, str]:
        """Answer the names that the file's own table brings, by their key."""
        names: dict[str, str] = {}
        for rule in self.spec.of_entity(entity):
            for text, _ in self._names_of(rule):
                names.setdefault(name_key(entity, text), text)
        return names

    def _own_records(self, entity: str, brought: Mapping[str, str]) -> Iterator[LookupValue]:
        for rule in self.spec.of_entity(entity):
            table = self.structure.table(rule.table_id)
            place = f"its table {table.name}" if table else ""
            for text, count in self._names_of(rule):
                key = name_key(entity, text)
                if key in brought:
                    yield LookupValue(entity, entity, key, text, count, [place], own_record=True)

    def _names_of(self, rule: TableRule) -> list[tuple[str, int]]:
        parts = [*map(str, name_fields(rule)), "", ""][:2]
        if not parts[0]:
            return []
        return self._distinct(parts, rule)

    def _values(self, entity: str) -> Iterator[LookupValue]:
        for rule in self.spec.tables:
            kind, table = ENTITIES.get(rule.entity), self.structure.table(rule.table_id)
            if kind is None or table is None:
                continue
            for own in rule.fields:
                target = kind.by_name.get(own.to)
                if target is None or target.refers_to != entity:
                    continue
                name = getattr(table.field(own.field_id), "name", own.field_id)
                found = self._distinct([str(own.field_id), ""], rule)
                if len(found) >= MOST_VALUES:
                    self.cut.add(entity)
                known = self._keys(own)
                for text, count in found:
                    value = _value(entity, own, text, known)
                    if value is not None:
                        value.count, value.where = count, [f"{table.name}::{name}"]
                        yield value
            for to, text in rule.constants:
                target = kind.by_name.get(to)
                if target is not None and target.refers_to == entity:
                    place = f"{table.name}, for all records"
                    key = name_key(entity, text)
                    yield LookupValue(entity, entity, key, text, 0, [place])

    def _keys(self, own: FieldRule) -> set[str]:
        """Answer the keys that records of the other table have: they need no word."""
        if own.via is None or own.how == "name":
            return set()
        rule = self.spec.table(own.via.table_id)
        found = self._distinct([str(own.via.field_id), ""], rule, most=20_000)
        return {key_text(text) for text, _ in found}

    def _distinct(
        self, fields: Sequence[str], rule: TableRule, *, most: int = MOST_VALUES
    ) -> list[tuple[str, int]]:
        """Answer the different texts of one field, or of two joined, with how many records have each."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT btrim(concat_ws(' ', payload ->> %s, payload ->> %s)) AS v, count(*) "
                "FROM imports_stagedrecord WHERE source_id = %s AND table_id = %s "
                "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s",
                [*fields, self.source.pk, rule.table_id, most],
            )
            return [(one_line(text), count) for text, count in cursor.fetchall() if text]


def _value(entity: str, own: FieldRule, text: str, known: set[str]) -> LookupValue | None:
    meaning = dict(own.manner.words).get(name_key(entity, text), text)
    if own.via and own.how != "name":
        key = key_text(meaning)
        if key in known:
            return None
        if not any(c.isalpha() for c in meaning):
            scope = scope_of_key(entity, own.via.table_id, own.via.field_id)
            return LookupValue(entity, scope, key, text)
    key = name_key(entity, meaning)
    return LookupValue(entity, entity, key, text) if key else None


def _existing(entity: str) -> list[Known]:
    rows = MODELS[entity]._default_manager.order_by("name").values_list("pk", "name")
    found = [Known(name, str(pk)) for pk, name in rows]
    if entity == LOCATION:
        short = MODELS[entity]._default_manager.exclude(short_name="")
        found += [Known(name, str(pk)) for pk, name in short.values_list("pk", "short_name")]
    return found


def _unique(known: Sequence[Known]) -> list[Known]:
    """Each row once, under its full name."""
    return list({item.id: item for item in reversed(known)}.values())[::-1]
