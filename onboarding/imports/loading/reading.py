"""One staged record as values for our fields: each field read as its rule says, nothing lost.

What cannot be read keeps its text in `extra`, under the field's own name, and is an issue.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clinical.patients.identifiers import Kind, is_valid_identifier
from onboarding.filemaker.sources import ContainerRef
from onboarding.imports.mapping import KEEP, LEAVE
from onboarding.imports.payload import by_field, parse_key
from onboarding.imports.shapes import bare_number
from onboarding.imports.structure import label_of
from onboarding.imports.targets import ENTITIES
from onboarding.imports.values import contacts, dates, names, words
from onboarding.imports.values.issues import Issue, Reading
from onboarding.imports.values.text import clean, lines, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from onboarding.filemaker.sources import Field
    from onboarding.imports.mapping import FieldRule, Options, TableRule
    from onboarding.imports.structure import TableStructure
    from onboarding.imports.targets import Target

IDENTIFIER_KINDS = {
    "medicare": Kind.MEDICARE,
    "ndis": Kind.NDIS,
    "dva": Kind.DVA,
    "ihi": Kind.HEALTH,
    "other_number": Kind.OTHER,
}


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
    """What one field said, and which field it was."""

    value: Any
    rule: FieldRule
    label: str


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


class RecordReader:
    """Reads the records of one table by its rule."""

    def __init__(
        self, table: TableStructure, rule: TableRule, options: Options, today: date
    ) -> None:
        self.table, self.rule, self.options, self.today = table, rule, options, today
        self.entity = ENTITIES[rule.entity]
        self._fields: dict[int, Field] = {f.id: f for f in table.fields}
        # In the order of the file: several fields for one target are joined, the first phone leads.
        place = {f.id: number for number, f in enumerate(table.fields)}
        mapped = sorted(
            (r for r in rule.fields if r.to not in {KEEP, LEAVE}),
            key=lambda r: place.get(r.field_id, len(place)),
        )
        targets = self.entity.by_name
        self._mapped = [(r, targets[r.to], label_of(table.fields, r.field_id)) for r in mapped]
        self._targeted = {r.field_id for r in mapped}
        self._silent = {r.field_id for r in rule.fields if r.to == LEAVE}

    def read(self, record_id: int, payload: Mapping[str, str]) -> ReadRecord:
        record = ReadRecord(record_id)
        record.blank = not any(text.strip() for text in payload.values())
        filled = by_field(payload)
        for rule, target, label in self._mapped:
            if texts := filled.get(rule.field_id):
                self._take(record, rule, target, label, texts)
        for key, text in payload.items():
            field_id, repetition = parse_key(key)
            if field_id in self._targeted or field_id in self._silent or not text.strip():
                continue
            kept = self._kept(field_id, text)
            if kept:
                record.extra[self._free_label(record, field_id, repetition)] = kept
        return record

    def _take(
        self, record: ReadRecord, rule: FieldRule, target: Target, label: str, texts: list[str]
    ) -> None:
        reading = self._reading(target, rule, texts)
        for issue in reading.issues:
            record.issues.append(Noted(rule.field_id, issue.code, issue.message))
        if reading.value is None:
            if any(text.strip() for text in texts):
                record.extra[label] = "\n".join(clean(text) for text in texts)
            return
        if reading.issues and target.kind != "identifier":
            record.extra.setdefault(label, "\n".join(clean(text) for text in texts))
        record.values.setdefault(target.name, []).append(Value(reading.value, rule, label))

    def _reading(self, target: Target, rule: FieldRule, texts: list[str]) -> Reading[Any]:
        if target.kind in _PLAUSIBLE:
            return self._day(texts[0], rule, _PLAUSIBLE[target.kind])
        if target.kind == "timestamp":
            return self._timestamp(texts[0], rule)
        if target.kind == "identifier":
            return _identifier(target, texts[0])
        if (target.kind, rule.how) in _READERS:
            return _READERS[target.kind, rule.how](texts)
        return _READERS[target.kind, ""](texts)

    def _day(self, text: str, rule: FieldRule, plausible: dates.Plausible) -> Reading[date]:
        day, clock = dates.split_timestamp(text)
        return dates.read_date(
            day if clock else text,
            order=rule.how or self.options.date_order,  # type: ignore[arg-type]
            today=self.today,
            plausible=plausible,
        )

    def _timestamp(self, text: str, rule: FieldRule) -> Reading[Any]:
        day_text, clock_text = dates.split_timestamp(text)
        day = self._day(day_text, rule, "appointment")
        if day.value is None:
            return Reading(None, day.issues)
        clock = dates.read_time(clock_text) if clock_text else Reading()
        return Reading((day.value, clock.value), (*day.issues, *clock.issues))

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


_PLAUSIBLE: Mapping[str, dates.Plausible] = {
    "birth": "birth",
    "date": "any",
    "day": "appointment",
}


def _text(texts: list[str]) -> Reading[str]:
    return Reading(one_line(" ".join(texts)) or None)


def _lines(texts: list[str]) -> Reading[str]:
    return Reading("\n".join(filter(None, (clean(text) for text in texts))) or None)


def _first_line(texts: list[str]) -> Reading[str]:
    return Reading(next(iter(lines(texts[0])), None))


def _family_first(texts: list[str]) -> Reading[names.PersonName]:
    family, _, given = one_line(texts[0]).partition(" ")
    return names.split_name(f"{family}, {given}" if given else family)


def _archived(texts: list[str]) -> Reading[bool]:
    flag = words.read_flag(texts[0])
    return words.read_archived(texts[0]) if flag.value is None else flag


def _of_first(read: Callable[[str], Reading[Any]]) -> Callable[[list[str]], Reading[Any]]:
    return lambda texts: read(texts[0])


_READERS: Mapping[tuple[str, str], Callable[[list[str]], Reading[Any]]] = {
    ("text", ""): _text,
    ("text", "first_line"): _first_line,
    ("lines", ""): _lines,
    ("reference", ""): lambda texts: _text(texts[:1]),
    ("person", ""): _of_first(names.split_name),
    ("person", "family_first"): _family_first,
    ("phone", ""): lambda texts: contacts.find_phones("\n".join(texts)),
    ("phone", "as_typed"): lambda texts: Reading([contacts.Phone(one_line(texts[0]), "other")]),
    ("email", ""): lambda texts: contacts.find_emails("\n".join(texts)),
    ("sex", ""): _of_first(words.read_sex),
    ("status", ""): _of_first(words.read_status),
    ("archived", ""): _archived,
    ("active", ""): _of_first(words.read_active),
    ("colour", ""): _of_first(words.read_colour),
    ("time", ""): _of_first(dates.read_time),
    ("minutes", ""): _of_first(dates.read_minutes),
}


def _identifier(target: Target, raw: str) -> Reading[tuple[str, bool | None]]:
    """Keep the number as typed, less a label before it; say when its check digit is wrong."""
    number = bare_number(one_line(raw))
    if not number:
        return Reading()
    valid = is_valid_identifier(IDENTIFIER_KINDS[target.name], number)
    if valid is False:
        wrong = Issue(
            f"{target.name}_invalid", f"This {target.label} cannot be right: kept, marked."
        )
        return Reading((number, valid), (wrong,))
    return Reading((number, valid))
