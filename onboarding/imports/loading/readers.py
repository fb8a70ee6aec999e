"""How the texts of one field become one value: a reader for each kind of target and way of reading.

A reader takes the texts of a field's repetitions and answers a `Reading`. It may take less than stands
there; `says_all` tells, and then the text is kept beside the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from clinical.patients.identifiers import Kind, is_valid_identifier
from onboarding.imports.manners import DATED
from onboarding.imports.shapes import bare_number
from onboarding.imports.values import addresses, contacts, dates, kinds, names, numbers, words
from onboarding.imports.values.issues import Issue, Reading
from onboarding.imports.values.text import clean, folded, lines, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from onboarding.filemaker.sources import DateOrder
    from onboarding.imports.mapping import FieldRule, Options
    from onboarding.imports.targets import Target

IDENTIFIER_KINDS = {
    "medicare": Kind.MEDICARE,
    "ndis": Kind.NDIS,
    "dva": Kind.DVA,
    "ihi": Kind.HEALTH,
    "other_number": Kind.OTHER,
}
ALL_REPETITIONS = frozenset({"text", "lines", "phone", "email"})
"""Kinds that take every repetition into one value; the others read the first and keep the rest."""

Texts = list[str]
Read = "Callable[[Texts], Reading[Any]]"


def _text(texts: Texts) -> Reading[Any]:
    return Reading(one_line(" ".join(texts)) or None)


def _lines(texts: Texts) -> Reading[Any]:
    return Reading("\n".join(filter(None, (clean(text) for text in texts))) or None)


def _first_line(texts: Texts) -> Reading[Any]:
    return Reading(next(iter(lines(texts[0])), None))


def _list(texts: Texts) -> Reading[Any]:
    """A checkbox field is a list of the values that are ticked, one to a line."""
    ticked = dict.fromkeys(line for text in texts for line in lines(text))
    return Reading(", ".join(ticked) or None)


def _family_first(texts: Texts) -> Reading[Any]:
    family, _, given = one_line(texts[0]).partition(" ")
    return names.split_name(f"{family}, {given}" if given else family)


def _phones(texts: Texts) -> Reading[Any]:
    return contacts.find_phones("\n".join(texts))


def _emails(texts: Texts) -> Reading[Any]:
    return contacts.find_emails("\n".join(texts))


def _first_of(read: Callable[[Texts], Reading[Any]]) -> Callable[[Texts], Reading[Any]]:
    def first(texts: Texts) -> Reading[Any]:
        reading = read(texts)
        return Reading(reading.value[:1] if reading.value else None, reading.issues)

    return first


def _archived(texts: Texts) -> Reading[Any]:
    flag = words.read_flag(texts[0])
    return words.read_archived(texts[0]) if flag.value is None else flag


def _cell(read: Callable[[str], Reading[Any]]) -> Callable[[Texts], Reading[Any]]:
    return lambda texts: read(texts[0])


READERS: Mapping[tuple[str, str], Callable[[Texts], Reading[Any]]] = {
    ("text", ""): _text,
    ("text", "first_line"): _first_line,
    ("text", "list"): _list,
    ("lines", ""): _lines,
    ("lines", "first_line"): _first_line,
    ("lines", "list"): _list,
    ("lines", "block"): lambda texts: addresses.split_address("\n".join(texts)),
    ("reference", ""): lambda texts: _text(texts[:1]),
    ("container", ""): lambda texts: Reading(texts[0]),
    ("person", ""): _cell(names.split_name),
    ("person", "family_first"): _family_first,
    ("phone", ""): _phones,
    ("phone", "first"): _first_of(_phones),
    ("phone", "as_typed"): lambda texts: Reading([contacts.Phone(one_line(texts[0]), "other")]),
    ("email", ""): _emails,
    ("email", "first"): _first_of(_emails),
    ("sex", ""): _cell(words.read_sex),
    ("status", ""): _cell(words.read_status),
    ("archived", ""): _archived,
    ("active", ""): _cell(words.read_active),
    ("flag", ""): _cell(words.read_flag),
    ("colour", ""): _cell(words.read_colour),
    ("time", ""): _cell(dates.read_time),
    ("minutes", ""): _cell(dates.read_minutes),
    ("relation_kind", ""): _cell(kinds.read_relation),
    ("contact_kind", ""): _cell(kinds.read_contact_kind),
    ("point_kind", ""): _cell(kinds.read_point_kind),
    ("channel", ""): _cell(kinds.read_channel),
    ("direction", ""): _cell(kinds.read_direction),
    ("message_state", ""): _cell(kinds.read_message_state),
    ("reminder_state", ""): _cell(kinds.read_reminder_state),
    ("letter_state", ""): _cell(kinds.read_letter_state),
}

_PLAUSIBLE: Mapping[str, dates.Plausible] = {
    "birth": "birth",
    "date": "any",
    "day": "appointment",
    "timestamp": "appointment",
}


@dataclass(frozen=True)
class _Dates:
    """Reads dates of one field in its order."""

    kind: str
    order: DateOrder
    pivot: int | None
    today: date

    def read(self, texts: Texts) -> Reading[Any]:
        day, clock = dates.split_timestamp(texts[0])
        if self.kind != "timestamp":
            return self._day(day if clock else texts[0])
        found = self._day(day)
        if found.value is None:
            return Reading(None, found.issues)
        time = dates.read_time(clock) if clock else Reading()
        return Reading((found.value, time.value), (*found.issues, *time.issues))

    def _day(self, text: str) -> Reading[date]:
        return dates.read_date(
            text,
            order=self.order,
            today=self.today,
            plausible=_PLAUSIBLE[self.kind],
            pivot=self.pivot,
        )


@dataclass(frozen=True)
class _Numbers:
    """Reads numbers of one field by its rule."""

    kind: str
    how: str
    decimal_sign: str

    def read(self, texts: Texts) -> Reading[Any]:
        if self.how == "text":
            return Reading()
        read = numbers.read_digits if self.how == "digits" else numbers.read_number
        found = read(texts[0], decimal_sign=self.decimal_sign)
        if found.value is None or self.kind == "number":
            return found
        if self.kind == "money":
            cents = numbers.to_cents(found.value)
            return Reading(cents.value, (*found.issues, *cents.issues))
        if found.value != found.value.to_integral_value():
            return Reading.failed("number_fraction", "Not a whole number: kept as text.")
        return Reading(int(found.value), found.issues)


@dataclass(frozen=True)
class _Identifiers:
    """Keeps a number as typed, less a label before it; says when its check digit is wrong."""

    target: Target

    def read(self, texts: Texts) -> Reading[Any]:
        number = bare_number(one_line(texts[0]))
        if not number:
            return Reading()
        valid = is_valid_identifier(IDENTIFIER_KINDS[self.target.name], number)
        if valid is False:
            message = f"This {self.target.label} cannot be right: kept, marked."
            return Reading((number, valid), (Issue(f"{self.target.name}_invalid", message),))
        return Reading((number, valid))


def reader_for(
    target: Target, rule: FieldRule, options: Options, today: date
) -> Callable[[Texts], Reading[Any]]:
    """Answer the function that reads this field; its texts are never empty."""
    if target.kind in DATED:
        order = rule.how if rule.how in {"DMY", "MDY", "YMD"} else options.date_order
        made = _Dates(target.kind, cast("DateOrder", order), rule.manner.pivot, today)
        return made.read
    if target.kind in {"number", "integer", "money"}:
        return _Numbers(target.kind, rule.how, options.decimal_sign).read
    if target.kind == "identifier" and target.name in IDENTIFIER_KINDS:
        return _Identifiers(target).read
    return READERS.get((target.kind, rule.how)) or READERS.get((target.kind, ""), _text)


# ── whether a value says all that stood in the cells ──────────────────────────────────────────────


def says_all(target: Target, rule: FieldRule, texts: Texts, value: Any) -> bool:
    """Answer False where words of the cells are not in the value: then the text is kept as well."""
    kind = target.kind
    if len(texts) == 1 and value == texts[0]:
        return True
    if kind in {"text", "lines"} and not rule.how and not rule.manner.words:
        return True
    if kind in DATED:
        return not dates.other_words(texts[0]) and (kind == "timestamp" or _at_midnight(texts[0]))
    if kind in {"status", "archived", "active"}:
        return bool(rule.manner.words) or words.is_plain_word(kind, texts[0])
    said = _words_of(value)
    if said is None:
        return True
    if kind == "identifier":
        said = f"{said} {target.label} {target.name.replace('_', ' ')} number no nr id"
    there = set(folded(said).split())
    return all(word in there for text in texts for word in folded(text).split())


def _at_midnight(text: str) -> bool:
    _, clock = dates.split_timestamp(text)
    read = dates.read_time(clock).value if clock else None
    return read is None or (read.hour, read.minute, read.second) == (0, 0, 0)


def _words_of(value: Any) -> str | None:
    """Answer the text a value shows; None for what is no text."""
    if isinstance(value, str):
        return value
    if isinstance(value, names.PersonName):
        return f"{value.title} {value.given} {value.middle} {value.family}"
    if isinstance(value, addresses.AddressParts):
        return str(value)
    if isinstance(value, tuple):
        return str(value[0])
    if isinstance(value, list):
        return " ".join(
            f"{item.value} {item.note}" if isinstance(item, contacts.Phone) else str(item)
            for item in value
        )
    return None
