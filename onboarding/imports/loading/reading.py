"""One staged record as values for our fields: each field read as its rule says, nothing lost.

What cannot be read keeps its text in `extra`, under the field's own name, and is an issue.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from onboarding.filemaker.sources import ContainerRef
from onboarding.imports.loading.readers import (
    ALL_REPETITIONS,
    IDENTIFIER_KINDS,
    reader_for,
    says_all,
)
from onboarding.imports.manners import FIRST, ROWS
from onboarding.imports.mapping import LEAVE, FieldRule
from onboarding.imports.payload import parse_key
from onboarding.imports.structure import label_of
from onboarding.imports.targets import ENTITIES
from onboarding.imports.values.addresses import AddressParts
from onboarding.imports.values.text import clean, folded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from onboarding.filemaker.sources import Field
    from onboarding.imports.mapping import Options, TableRule
    from onboarding.imports.structure import TableStructure
    from onboarding.imports.targets import Target
    from onboarding.imports.values.issues import Issue, Reading

__all__ = ["IDENTIFIER_KINDS", "Noted", "ReadRecord", "RecordReader", "Value"]

FOR_ALL = "For all records"
Cells = list[tuple[int, str, str]]
"""Repetition, text to read, and text as it stands in the file, of one field's cells."""


@dataclass(frozen=True, slots=True)
class Noted:
    """An issue of one field of a record."""

    field_id: int
    code: str
    message: str

    def as_json(self) -> dict[str, Any]:
        return {"field": self.field_id, "code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Value:
    """What one field said, and which field and repetition it was."""

    value: Any
    rule: FieldRule
    label: str
    repetition: int = 1


@dataclass(slots=True)
class ReadRecord:
    """Values by target, issues, and the text that has no place of its own (`extra`)."""

    record_id: int
    values: dict[str, list[Value]] = field(default_factory=dict)
    issues: list[Noted] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)
    blank: bool = False

    def first(self, target: str) -> Any:
        found = self.values.get(target)
        return found[0].value if found else None

    def text(self, target: str) -> str:
        return self.first(target) or ""

    def joined(self, target: str, glue: str = "\n") -> str:
        return glue.join(value.value for value in self.values.get(target, ()))

    def all(self, *targets: str) -> list[tuple[str, Value]]:
        return [(target, value) for target in targets for value in self.values.get(target, ())]

    def has(self, *targets: str) -> bool:
        return any(target in self.values for target in targets)

    def field_of(self, target: str) -> int:
        found = self.values.get(target)
        return found[0].rule.field_id if found else 0

    def note(self, target: str, issue: Issue) -> None:
        self.issues.append(Noted(self.field_of(target), issue.code, issue.message))


@dataclass(frozen=True, slots=True)
class _Part:
    """One field that goes to a target, alone or joined to others."""

    rule: FieldRule
    label: str
    words: Mapping[str, str]

    def cells(self, filled: Mapping[int, Cells]) -> Cells:
        """Answer the field's cells with its words put in their place."""
        cells = filled.get(self.rule.field_id, [])
        if not self.words:
            return cells
        if not cells:
            return [(1, self.words[""], "")] if self.words.get("") else []
        return [(number, self.words.get(folded(raw), raw), raw) for number, _, raw in cells]


@dataclass(frozen=True, slots=True)
class _Place:
    """One value of a record: its target, the fields it is made of, and how they are read."""

    target: Target
    parts: tuple[_Part, ...]
    read: Callable[[list[str]], Reading[Any]]
    rows: bool

    @property
    def lead(self) -> _Part:
        return self.parts[0]


class RecordReader:
    """Reads the records of one table by its rule."""

    def __init__(
        self, table: TableStructure, rule: TableRule, options: Options, today: date
    ) -> None:
        self.table, self.rule, self.options, self.today = table, rule, options, today
        self.entity = ENTITIES[rule.entity]
        self._fields: dict[int, Field] = {f.id: f for f in table.fields}
        self._places = [
            self._place(self.entity.by_name[rules[0].to], rules) for rules in self._joined(rule)
        ]
        self._constants = [
            (self._place(self.entity.by_name[to], [FieldRule(0, to, "")]), text)
            for to, text in rule.constants
        ]
        self._targeted = {r.field_id for r in rule.fields if r.is_mapped}
        self._silent = {r.field_id for r in rule.fields if r.to == LEAVE}

    def _joined(self, rule: TableRule) -> list[list[FieldRule]]:
        """Group the fields that are joined into one text; others stand alone.

        In the order of the file: several fields for one target are joined, the first phone leads.
        """
        place = {f.id: number for number, f in enumerate(self.table.fields)}
        mapped = sorted(
            (r for r in rule.fields if r.is_mapped),
            key=lambda r: (r.manner.order, place.get(r.field_id, len(place))),
        )
        groups: list[list[FieldRule]] = []
        loose: dict[str, list[FieldRule]] = {}
        for own in mapped:
            if own.manner.glue is None:
                groups.append([own])
            else:
                loose.setdefault(own.to, []).append(own)
        for to, joined in loose.items():
            lead = next((group for group in groups if group[0].to == to), None)
            if lead is None:
                groups.append(joined)
                continue
            lead += joined
            lead.sort(key=lambda r: (r.manner.order, place.get(r.field_id, len(place))))
        return sorted(groups, key=lambda g: (g[0].manner.order, place.get(g[0].field_id, 0)))

    def _place(self, target: Target, rules: Sequence[FieldRule]) -> _Place:
        lead = next((r for r in rules if r.how), rules[0])
        parts = tuple(
            _Part(
                own,
                label_of(self.table.fields, own.field_id) if own.field_id else FOR_ALL,
                dict(own.manner.words),
            )
            for own in rules
        )
        read = reader_for(target, lead, self.options, self.today)
        return _Place(target, parts, read, len(rules) == 1 and _in_rows(target, rules[0]))

    def read(self, record_id: int, payload: Mapping[str, str]) -> ReadRecord:
        record = ReadRecord(record_id)
        filled: dict[int, Cells] = {}
        for key, text in payload.items():
            if text.strip():
                field_id, repetition = parse_key(key)
                filled.setdefault(field_id, []).append((repetition, text, text))
        record.blank = not filled
        for place in self._places:
            self._take(record, place, filled)
        if not record.blank:
            for place, text in self._constants:
                self._put(record, place, place.read([text]), [], 1)
        for field_id, cells in filled.items():
            if field_id in self._targeted or field_id in self._silent:
                continue
            for repetition, _, text in sorted(cells):
                if kept := self._kept(field_id, text):
                    record.extra[self._free_label(record, field_id, repetition)] = kept
        return record

    def _take(self, record: ReadRecord, place: _Place, filled: Mapping[int, Cells]) -> None:
        if len(place.parts) > 1:
            self._take_joined(record, place, filled)
            return
        cells = place.lead.cells(filled)
        if not cells:
            return
        cells.sort()
        if place.rows:
            for cell in cells:
                self._put(record, place, place.read([cell[1]]), [cell], cell[0])
            return
        if place.target.kind not in ALL_REPETITIONS or place.lead.rule.how in _FIRST_HOWS:
            for cell in cells[1:]:
                self._keep(record, place.lead, [cell])
            cells = cells[:1]
        self._put(record, place, place.read([text for _, text, _ in cells]), cells, 1)

    def _take_joined(self, record: ReadRecord, place: _Place, filled: Mapping[int, Cells]) -> None:
        """Join the texts first, so that whatever reads them sees one cell."""
        whole, taken = "", []
        for part in place.parts:
            cells = sorted(part.cells(filled))
            text = "\n".join(clean(text) for _, text, _ in cells).strip()
            if not text:
                continue
            glue = part.rule.manner.glue
            whole = f"{whole}{glue if glue is not None else ' '}{text}" if whole else text
            taken.append((part, cells))
        if not whole:
            return
        reading = place.read([whole])
        self._note(record, place.lead.rule, reading)
        if reading.value is not None:
            self._give(record, place, reading.value, 1)
        if (
            reading.value is None
            or reading.issues
            or not says_all(place.target, place.lead.rule, [whole], reading.value)
        ):
            for part, cells in taken:
                self._keep(record, part, cells)

    def _put(
        self, record: ReadRecord, place: _Place, reading: Reading[Any], cells: Cells, number: int
    ) -> None:
        rule = place.lead.rule
        self._note(record, rule, reading)
        if reading.value is None:
            self._keep(record, place.lead, cells)
            return
        texts = [raw for _, _, raw in cells]
        told = reading.issues and place.target.kind != "identifier"
        if told or (texts and not says_all(place.target, rule, texts, reading.value)):
            self._keep(record, place.lead, cells)
        self._give(record, place, reading.value, number)

    def _give(self, record: ReadRecord, place: _Place, value: Any, number: int) -> None:
        lead, name = place.lead, place.target.name
        if isinstance(value, AddressParts):
            kind = name.removesuffix("lines")
            for part in ("lines", "suburb", "state", "postcode", "country"):
                if text := getattr(value, part):
                    found = record.values.setdefault(f"{kind}{part}", [])
                    found.append(Value(text, lead.rule, lead.label, number))
            return
        record.values.setdefault(name, []).append(Value(value, lead.rule, lead.label, number))

    def _note(self, record: ReadRecord, rule: FieldRule, reading: Reading[Any]) -> None:
        for issue in reading.issues:
            record.issues.append(Noted(rule.field_id, issue.code, issue.message))

    def _keep(self, record: ReadRecord, part: _Part, cells: Cells) -> None:
        """Keep the text as it stands in the file, under the field's own name."""
        if not (part.rule.field_id and cells):
            return
        first = cells[0][0] if len(cells) == 1 else 1
        label = part.label if first == 1 else f"{part.label} [{first}]"
        text = "\n".join(clean(raw) for _, _, raw in cells)
        if text and label in record.extra and record.extra[label] != text:
            label = f"{label} ({part.rule.field_id})"
        if text:
            record.extra.setdefault(label, text)

    def _kept(self, field_id: int, text: str) -> str:
        found = self._fields.get(field_id)
        if found is not None and found.is_global:
            return ""
        if found is not None and found.type == "container":
            reference = ContainerRef.from_cell(text)
            return "\n".join(reference.paths) or "(a file inside the FileMaker file)"
        return clean(text)

    def _free_label(self, record: ReadRecord, field_id: int, repetition: int) -> str:
        label = label_of(self.table.fields, field_id, repetition)
        return label if label not in record.extra else f"{label} ({field_id})"


_FIRST_HOWS = frozenset({FIRST[0], "as_typed"})


def _in_rows(target: Target, rule: FieldRule) -> bool:
    """Each repetition is a value of its own: where the target is made for it, or it was chosen."""
    return rule.how == ROWS[0] or (target.rows and rule.how != FIRST[0])
