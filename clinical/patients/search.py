"""Finding a patient by whatever the person at the desk has: a name, a phone, a birthday, a number.

`parse` reads the words typed; the clinic's SQL function `search_patients` finds the ids, since
under row-level security a fuzzy match keeps no index; the patients are read back under it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connections

from clinical.patients.contacts import normalise_email, normalise_phone
from clinical.patients.dates import dates_in_digits, take_dates
from clinical.patients.identifiers import normalise_identifier
from tenants.scope import current_scope

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID


MAX_RESULTS = 100
MIN_DIGITS = 3
"""Fewer digits than this are a patient's number or nothing."""
_BIGGEST_NUMBER = 2**63 - 1
_LABELS = re.compile(
    r"\b(?:medicare|ndis|dva|ihi|dob|born|phone|ph|mobile|mob|tel|number|no|patient)\b[.:#]*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class PatientQuery:
    """What was typed, sorted by what it can mean. All given parts must fit the same patient.

    `phones`, `code`, `number` and `maybe_born` are readings of the same digits: one must fit.
    """

    names: str = ""
    email: str = ""
    phones: tuple[str, ...] = ()
    code: str = ""
    number: int | None = None
    born: tuple[date, ...] = ()
    maybe_born: tuple[date, ...] = ()

    @property
    def is_empty(self) -> bool:
        return self == PatientQuery()


@dataclass(frozen=True)
class Hit:
    """A patient's id with its rank; below 1 the name is only similar to what was typed."""

    patient_id: UUID
    rank: float

    @property
    def is_similar(self) -> bool:
        return self.rank < 1


def parse(text: str, *, today: date) -> PatientQuery:
    """Read a search as typed: dates in Australian order first, two-digit years in the past."""
    text = " ".join(text.replace("\x00", "").split())
    born, rest = take_dates(text, today)
    if any(character.isdigit() for character in text):
        rest = _LABELS.sub(" ", rest)
    words, digits, codes, email = [], [], [], ""
    for word in rest.split():
        if "@" in word.strip("@"):
            email = normalise_email(word)
        elif re.fullmatch(r"#?[\d+()./\-]*\d[\d+()./\-]*", word):
            digits.append(word)
        elif any(character.isdigit() for character in word):
            codes.append(normalise_identifier(word))
        else:
            words.append(word)
    typed = " ".join(digits)
    plain = normalise_identifier(typed)
    return PatientQuery(
        names=" ".join(words),
        email=email,
        phones=_phone_readings(typed, plain),
        code="".join([*codes, plain]) if len("".join([*codes, plain])) >= MIN_DIGITS else "",
        number=int(plain) if plain and not codes and int(plain) <= _BIGGEST_NUMBER else None,
        born=tuple(dict.fromkeys(born)),
        maybe_born=tuple(dates_in_digits(plain, today)),
    )


def find_patients(
    text: str, *, today: date, with_archived: bool = False, limit: int = MAX_RESULTS
) -> list[Hit]:
    """Answer the patients that fit, best first. Whoever calls filters by what the actor may see."""
    query = parse(text, today=today)
    if query.is_empty:
        return []
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(
            "SELECT patient_id, rank FROM search_patients"
            "(%s, %s::text[], %s, %s, %s, %s::date[], %s::date[], %s, %s)",
            [
                query.names,
                list(query.phones),
                query.code,
                query.number,
                query.email,
                list(query.born),
                list(query.maybe_born),
                with_archived,
                limit,
            ],
        )
        return [Hit(patient_id, rank) for patient_id, rank in cursor.fetchall()]


def _phone_readings(typed: str, plain: str) -> tuple[str, ...]:
    """Answer the digits as a phone number's beginning or end: 412 may be 0412… without its 0."""
    if len(plain) < MIN_DIGITS:
        return ()
    number = normalise_phone(typed)
    readings = [number]
    if number[:1] in "23478" and len(number) < len("412345678"):
        readings.append(f"0{number}")
    return tuple(readings)
