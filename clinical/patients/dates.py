"""Dates as people write them: Australian order first, two-digit years in the past."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    _Reader = Callable[[re.Match[str], date], list[date]]

OLDEST = 130
"""Nobody is this many years old."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"


def read_date(text: str, *, today: date) -> date | None:
    """Read one date and nothing else: 12/3/80, 12.03.1980, 1980-03-12, 12 Mar 1980, 12031980."""
    found, rest = take_dates(" ".join(text.split()), today)
    if len(found) == 1 and not rest.strip():
        return found[0]
    digits = text.strip()
    return next(iter(dates_in_digits(digits, today)), None) if digits.isdecimal() else None


def take_dates(text: str, today: date) -> tuple[list[date], str]:
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


def dates_in_digits(digits: str, today: date) -> list[date]:
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
    return today.year - OLDEST <= found.year <= today.year


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
