"""Finding a patient by whatever the person at the desk has: a name, a phone, a birthday, a number.

`parse` reads the words typed; the clinic's SQL function `search_patients` finds the ids, since
under row-level security a fuzzy match keeps no index; the patients are read back under it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db import connections

from clinical.patients.contacts import normalise_email, normalise_phone
from clinical.patients.identifiers import normalise_identifier
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    _Reader = Callable[[re.Match[str], date], list[date]]

MAX_RESULTS = 100
MIN_DIGITS = 3
"""Fewer digits than this are a patient's number or nothing."""
_BIGGEST_NUMBER = 2**63 - 1
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
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
    born, rest = _take_dates(text, today)
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
        maybe_born=tuple(_dates_in_digits(plain, today)),
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


def _take_dates(text: str, today: date) -> tuple[list[date], str]:
    """Cut the dates written as such out of the text; answers them and what is left."""
    found: list[date] = []
    for pattern, read in _WRITTEN_DATES:

        def replace(match: re.Match[str], read: _Reader = read) -> str:
            dates = read(match, today)
            found.extend(dates)
            return " " if dates else match[0]

        text = pattern.sub(replace, text)
    return found, text


def _day_month_year(match: re.Match[str], today: date) -> list[date]:
    first, second, year = int(match[1]), int(match[2]), _year(match[3], today)
    return _possible([(year, second, first)]) or _possible([(year, first, second)])


def _year_month_day(match: re.Match[str], _today: date) -> list[date]:
    return _possible([(int(match[1]), int(match[2]), int(match[3]))])


def _day_name_year(match: re.Match[str], today: date) -> list[date]:
    return _possible([(_year(match[3], today), _month(match[2]), int(match[1]))])


def _name_day_year(match: re.Match[str], today: date) -> list[date]:
    return _possible([(_year(match[3], today), _month(match[1]), int(match[2]))])


_YEAR = r"(\d{4}|\d{2})"
_WRITTEN_DATES: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (re.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b"), _year_month_day),
    (re.compile(r"\b(\d{1,2})[-/.](\d{1,2})[-/.]" + _YEAR + r"\b"), _day_month_year),
    (re.compile(r"\b(\d{1,2}) (\d{1,2}) (\d{4})\b"), _day_month_year),
    (
        re.compile(
            r"\b(\d{1,2})(?:st|nd|rd|th)?[ \-/.]*" + _MONTH + r"[ \-/,]*" + _YEAR + r"\b",
            re.IGNORECASE,
        ),
        _day_name_year,
    ),
    (
        re.compile(
            r"\b" + _MONTH + r"[ \-/]*(\d{1,2})(?:st|nd|rd|th)?,? +" + _YEAR + r"\b", re.IGNORECASE
        ),
        _name_day_year,
    ),
)


def _dates_in_digits(digits: str, today: date) -> Iterable[date]:
    """Read 12031980, 19800312 and 120380."""
    if len(digits) == len("ddmmyyyy"):
        day, month, year = int(digits[:2]), int(digits[2:4]), int(digits[4:])
        iso = (int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        return [
            found for found in _possible([(year, month, day), iso]) if _is_birthday(found, today)
        ]
    if len(digits) == len("ddmmyy"):
        year = _year(digits[4:], today)
        return _possible([(year, int(digits[2:4]), int(digits[:2]))])
    return []


def _is_birthday(found: date, today: date) -> bool:
    return today.year - 130 <= found.year <= today.year


def _possible(candidates: list[tuple[int, int, int]]) -> list[date]:
    dates = []
    for year, month, day in candidates:
        try:
            dates.append(date(year, month, day))
        except ValueError:
            continue
    return dates


def _year(text: str, today: date) -> int:
    """A year of two digits is the last such year: in 2026, 26 is 2026 and 27 is 1927."""
    year = int(text)
    if len(text) == len("1980"):
        return year
    century = today.year - today.year % 100
    return century + year if century + year <= today.year else century - 100 + year


def _month(name: str) -> int:
    return _MONTHS.index(name.lower()[:3]) + 1
