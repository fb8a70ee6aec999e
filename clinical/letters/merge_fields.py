"""Fields such as {{patient.full_name}} in letters: known names, replaced once, nothing else.

No template engine reads what people wrote: a name in this table is replaced by a text, all else
stays as it is. What a field puts in is never looked through for fields again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.formats import date_format

from clinical.patients.contacts import format_phone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from clinical.contacts.models import Contact
    from clinical.patients.models import Patient
    from clinical.practice.models import Location, Practitioner

_FIELD = re.compile(r"\{\{\s*([\w.]{1,60})\s*\}\}")


@dataclass(frozen=True)
class LetterFacts:
    """What a letter is about: where its fields take their text from."""

    patient: Patient
    practice: str
    today: date
    contact: Contact | None = None
    practitioner: Practitioner | None = None
    location: Location | None = None
    last_visit: datetime | None = None
    next_visit: datetime | None = None


@dataclass(frozen=True)
class Merged:
    """A text with its fields filled in. `unknown` are no fields; `empty` had nothing to put in."""

    text: str
    unknown: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


def merge(text: str, facts: LetterFacts) -> Merged:
    """Fill in what is known; the rest keeps its braces and is named."""
    unknown: dict[str, None] = {}
    empty: dict[str, None] = {}

    def _replaced(found: re.Match[str]) -> str:
        name = found.group(1).lower()
        if name not in FIELDS:
            unknown[found.group(1)] = None
            return found.group()
        value = FIELDS[name][1](facts)
        if not value:
            empty[name] = None
            return found.group()
        return value

    return Merged(_FIELD.sub(_replaced, text), tuple(unknown), tuple(empty))


def fields_left(text: str) -> list[str]:
    """Answer the fields that stand in a text, each once."""
    return list(dict.fromkeys(_FIELD.findall(text)))


def unknown_fields(text: str) -> list[str]:
    """Answer what looks like a field and is none."""
    return [name for name in fields_left(text) if name.lower() not in FIELDS]


def _day(day: date | None) -> str:
    return date_format(day, "j F Y") if day else ""


def _age(facts: LetterFacts) -> str:
    born, today = facts.patient.date_of_birth, facts.today
    if born is None:
        return ""
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return f"{years} years" if years != 1 else "1 year"


def _identifier(facts: LetterFacts, kind: str) -> str:
    return next((row.value for row in facts.patient.identifiers.all() if row.kind == kind), "")


def _phone(facts: LetterFacts) -> str:
    points = [point for point in facts.patient.points_in_order() if point.kind != "email"]
    return next((format_phone(point.normalised) or point.value for point in points), "")


def _mail(facts: LetterFacts) -> str:
    points = facts.patient.points_in_order()
    return next((point.value for point in points if point.kind == "email"), "")


def address_lines(patient: Patient) -> list[str]:
    """Answer the postal address if there is one, else the first, as lines of an envelope."""
    addresses = sorted(patient.addresses.all(), key=lambda row: row.kind != row.Kind.POSTAL)
    if not addresses:
        return []
    address = addresses[0]
    place = " ".join(filter(None, [address.suburb, address.state, address.postcode]))
    return [line for line in (*address.lines.splitlines(), place, address.country) if line.strip()]


def _greeting(facts: LetterFacts) -> str:
    """Answer how the letter greets: title and family name, or the whole name."""
    if facts.contact is None:
        return facts.patient.preferred_name or facts.patient.given_names or facts.patient.full_name
    by_title = f"{facts.contact.title} {facts.contact.family_name}".strip()
    return (
        by_title if facts.contact.title and facts.contact.family_name else facts.contact.full_name
    )


FIELDS: dict[str, tuple[str, Callable[[LetterFacts], str]]] = {
    "patient.full_name": ("Patient's full name", lambda facts: facts.patient.full_name),
    "patient.title": ("Patient's title", lambda facts: facts.patient.title),
    "patient.given_names": ("Given names", lambda facts: facts.patient.given_names),
    "patient.family_name": ("Family name", lambda facts: facts.patient.family_name),
    "patient.preferred_name": (
        "Preferred name, else given names",
        lambda facts: facts.patient.preferred_name or facts.patient.given_names,
    ),
    "patient.date_of_birth": ("Date of birth", lambda facts: _day(facts.patient.date_of_birth)),
    "patient.age": ("Age in years", _age),
    "patient.number": ("Patient number", lambda facts: str(facts.patient.number)),
    "patient.address": (
        "Postal or home address",
        lambda facts: ", ".join(address_lines(facts.patient)),
    ),
    "patient.phone": ("Phone", _phone),
    "patient.email": ("E-mail", _mail),
    "patient.medicare": ("Medicare number", lambda facts: _identifier(facts, "medicare")),
    "patient.ndis": ("NDIS number", lambda facts: _identifier(facts, "ndis")),
    "patient.dva": ("DVA number", lambda facts: _identifier(facts, "dva")),
    "patient.plan_end": ("End of the plan", lambda facts: _day(facts.patient.plan_end)),
    "recipient.name": (
        "Who the letter is to",
        lambda facts: facts.contact.full_name if facts.contact else facts.patient.full_name,
    ),
    "recipient.greeting": ("How to greet them: Dr Vale", _greeting),
    "recipient.organisation": (
        "Their organisation",
        lambda facts: facts.contact.organisation if facts.contact else "",
    ),
    "clinician.name": (
        "Who writes",
        lambda facts: facts.practitioner.name if facts.practitioner else "",
    ),
    "clinician.discipline": (
        "Their discipline",
        lambda facts: facts.practitioner.discipline if facts.practitioner else "",
    ),
    "practice.name": ("The practice", lambda facts: facts.practice),
    "location.name": ("Location", lambda facts: facts.location.name if facts.location else ""),
    "location.phone": (
        "The location's phone",
        lambda facts: facts.location.phone if facts.location else "",
    ),
    "today": ("Date of the letter", lambda facts: _day(facts.today)),
    "last_visit": (
        "Day of the last visit",
        lambda facts: _day(facts.last_visit.date()) if facts.last_visit else "",
    ),
    "next_visit": (
        "Day of the next visit",
        lambda facts: _day(facts.next_visit.date()) if facts.next_visit else "",
    ),
}
"""Name → what it is called on screen, and the text it becomes."""


def add_fields(fields: Mapping[str, tuple[str, Callable[[LetterFacts], str]]]) -> None:
    """Add fields of another app, from its `AppConfig.ready`; the same name again replaces one."""
    FIELDS.update(fields)
