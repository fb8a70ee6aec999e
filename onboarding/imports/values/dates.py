"""Dates and times in the file's own way of writing, and how likely they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

from onboarding.imports.values.issues import Issue, Reading
from onboarding.imports.values.text import one_line

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from onboarding.filemaker.sources import DateOrder

_PARTS = re.compile(r"^(\d{1,4})\s*[./\-, ]\s*(\d{1,2})\s*[./\-, ]\s*(\d{1,4})\.?$")
_PACKED = re.compile(r"^((?:18|19|20)\d{2})(\d{2})(\d{2})$")
_NAMED = re.compile(
    r"^(?:\w{3,10}\.?,?\s+)?(?:(\d{1,2})(?:st|nd|rd|th)?\.?[\s\-]+)?([^\W\d]{3,10})\.?"
    r"[\s\-,]+(?:(\d{1,2})(?:st|nd|rd|th)?,?[\s\-]+)?(\d{4}|\d{2})$"
)
_TIME = re.compile(
    r"^(\d{1,3})(?:\s*[:.hH]\s*(\d{1,2}))?(?:\s*[:.]\s*(\d{1,2})(?:[.,]\d+)?)?\s*"
    r"([ap]\.?\s?m\.?|uhr|h)?$",
    re.IGNORECASE,
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier janv jän jänner",
            "feb february februar février fevrier févr fév",
            "mar march märz mars mär mrz",
            "apr april avril avr",
            "may mai",
            "jun june juni juin",
            "jul july juli juillet juil",
            "aug august août aout",
            "sep sept september septembre",
            "oct october oktober octobre okt",
            "nov november novembre",
            "dec december dezember décembre decembre dez déc",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = frozenset(
    "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday tues thur "
    "thurs montag dienstag mittwoch donnerstag freitag samstag sonntag mo di mi do fr sa so "
    "lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim".split()
)
_DATE_WORDS = _WEEKDAYS | _MONTHS.keys() | frozenset("st nd rd th am pm uhr h t z".split())
OLDEST_BIRTH = 120
OLDEST_RECORD = 1970
FARTHEST_AHEAD = timedelta(days=5 * 366)

Plausible = Literal["birth", "appointment", "any"]


def read_date(
    raw: str,
    *,
    order: DateOrder = "DMY",
    today: date,
    plausible: Plausible = "any",
    pivot: int | None = None,
) -> Reading[date]:
    """Read a date; a year of two digits is the latest one that is not ahead of today.

    With a `pivot`, years up to it are of this century and later ones of the last.
    `?` is how FileMaker shows a date it could not read itself.
    """
    text = one_line(raw)
    if not text:
        return Reading()
    if text.strip("?") == "":
        return Reading.failed("date_question", "FileMaker itself could not read this date (“?”).")
    found = _read_parts(text, order, _Century(today, pivot))
    if found.value is None:
        return found
    doubt = _doubt(found.value, today, plausible)
    if doubt:
        return Reading(None, (*found.issues, doubt))
    return found


@dataclass(frozen=True, slots=True)
class _Century:
    """What a year of two digits means."""

    today: date
    pivot: int | None


def _read_parts(text: str, order: DateOrder, century: _Century) -> Reading[date]:
    text = re.sub(r"[T ]0{1,2}:00(:00)?(\.0+)?$", "", text)
    if match := _PACKED.match(text):
        return _made(int(match[1]), int(match[2]), int(match[3]))
    if match := _PARTS.match(text):
        return _by_order(match[1], match[2], match[3], order, century)
    if match := _NAMED.match(text):
        month = _MONTHS.get(match[2].casefold())
        day = match[1] or match[3]
        if month and day:
            year, issues = _year(match[4], century)
            return _made(year, month, int(day), issues)
    return Reading.failed("date_unreadable", "This is not a date we can read.")


def _by_order(one: str, two: str, three: str, order: DateOrder, century: _Century) -> Reading[date]:
    if len(one) > 2:  # noqa: PLR2004 - the year stands first, whatever the file says
        return _made(int(one), int(two), int(three)) if len(one) == 4 else _odd_year()  # noqa: PLR2004
    if len(three) == 3:  # noqa: PLR2004
        return _odd_year()
    if order == "YMD" and len(three) <= 2:  # noqa: PLR2004
        year, issues = _year(one, century)
        return _made(year, int(two), int(three), issues)
    year, issues = _year(three, century)
    day, month = (int(two), int(one)) if order == "MDY" else (int(one), int(two))
    if month > 12 >= day:  # noqa: PLR2004
        swapped = Issue("date_order", "Day and month stand the other way round than in the file.")
        return _made(year, day, month, (*issues, swapped))
    return _made(year, month, day, issues)


def _odd_year() -> Reading[date]:
    return Reading.failed("date_year", "The year does not have two or four digits.")


def _year(text: str, century: _Century) -> tuple[int, tuple[Issue, ...]]:
    year = int(text)
    if len(text) > 2:  # noqa: PLR2004
        return year, ()
    this = century.today.year // 100 * 100
    if century.pivot is not None:
        return (year + this if year <= century.pivot else year + this - 100), ()
    year += this
    if year > century.today.year:
        year -= 100
    return year, (Issue("date_century", "The century was not written: the latest past one taken."),)


def _made(year: int, month: int, day: int, issues: tuple[Issue, ...] = ()) -> Reading[date]:
    try:
        return Reading(date(year, month, day), issues)
    except ValueError:
        return Reading.failed("date_impossible", "There is no such day in the calendar.")


def _doubt(found: date, today: date, plausible: Plausible) -> Issue | None:
    if plausible == "birth":
        if found > today:
            return Issue("birth_ahead", "A date of birth ahead of today.")
        if found.year < today.year - OLDEST_BIRTH:
            return Issue("birth_long_ago", f"A date of birth more than {OLDEST_BIRTH} years ago.")
    if plausible == "appointment":
        if found.year < OLDEST_RECORD:
            return Issue("date_long_ago", f"A date before {OLDEST_RECORD}.")
        if found > today + FARTHEST_AHEAD:
            return Issue("date_far_ahead", "A date more than five years ahead.")
    return None


def other_words(raw: str) -> bool:
    """True where words beside months and weekdays stand with a date: “approx. 3 March 1980”."""
    if not any(char.isalpha() for char in raw):
        return False
    words = re.findall(r"[^\W\d_]+", raw.casefold())
    return any(word not in _DATE_WORDS for word in words)


def read_time(raw: str) -> Reading[time]:
    """Read a time of day: `9:30`, `14.15`, `2:22:27 PM`, `9h30`, and `930` or `1430`."""
    text = one_line(raw)
    if not text:
        return Reading()
    if re.fullmatch(r"\d{3,4}", text):
        text = f"{text[:-2]}:{text[-2:]}"
    match = _TIME.match(text)
    if not match:
        return Reading.failed("time_unreadable", "This is not a time of day we can read.")
    hour, minute, second = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    half = (match[4] or "").lower()[:1]
    if half in {"a", "p"}:
        if not 1 <= hour <= 12 and not (half == "p" and hour < 24):  # noqa: PLR2004
            return Reading.failed("time_impossible", "There is no such time of day.")
        hour = hour % 12 + (12 if half == "p" else 0) if hour <= 12 else hour  # noqa: PLR2004
    try:
        return Reading(time(hour, minute, second))
    except ValueError:
        return Reading.failed("time_impossible", "There is no such time of day.")


def split_timestamp(raw: str) -> tuple[str, str]:
    """Part a timestamp's text into its date and its time, either of which may be empty."""
    text = one_line(raw).replace("T", " ") if re.match(r"^\d{4}-\d\d-\d\dT", raw) else one_line(raw)
    head, _, tail = text.partition(" ")
    if tail and re.match(r"^\d{1,3}([:.hH]|\s*[ap]\.?m)", tail, re.IGNORECASE):
        return head, re.sub(r"(Z|[+-]\d\d:?\d\d)$", "", tail)
    return text, ""


def read_minutes(raw: str) -> Reading[int]:
    """Read a length in minutes: `45`, `45 min`, `1h`, `1:30`, `0:45:00`, `1.5 h`."""
    text = one_line(raw).casefold().replace(",", ".")
    if not text:
        return Reading()
    minutes: float | None = None
    if match := re.match(r"^(\d{1,2}):(\d{2})(?::\d{2})?$", text):
        minutes = int(match[1]) * 60 + int(match[2])
    elif match := re.match(
        r"^(\d+(?:\.\d+)?)\s*(?:h|hr|hrs|hour|hours|std|stunden?|heures?)"
        r"(?:\s*(\d{1,2})\s*(?:m|min|mins)?)?$",
        text,
    ):
        minutes = float(match[1]) * 60 + int(match[2] or 0)
    elif match := re.match(r"^(\d+)(?:\.0+)?\s*(?:m|min|mins|minutes?|minuten|')?\.?$", text):
        minutes = int(match[1])
    if minutes is None:
        return Reading.failed("minutes_unreadable", "This is not a length of time we can read.")
    if not 0 < minutes <= 24 * 60:
        return Reading.failed("minutes_unlikely", "A length of time of none or over a day.")
    return Reading(round(minutes))


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time with the wall clock and the zone it was made from."""

    at: datetime
    wall: datetime
    zone: str


def at_wall_clock(day: date, clock: time, zone: ZoneInfo) -> Reading[Moment]:
    """Turn a wall clock into a point in time; FileMaker keeps no zone, so the clinic's is taken.

    An hour skipped when clocks go forward is read as if they had not; an hour that comes twice
    is read as its first coming. Both are told.
    """
    wall = datetime.combine(day, clock)
    first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    at = first.astimezone(UTC)
    moment = Moment(at, wall, zone.key)
    if first.utcoffset() == second.utcoffset():
        return Reading(moment)
    if at.astimezone(zone).replace(tzinfo=None) != wall:
        return Reading(
            moment,
            (Issue("clock_gap", "The clocks went forward over this time: moved on by the gap."),),
        )
    return Reading(
        moment,
        (Issue("clock_twice", "The clocks went back: this time came twice, the first is taken."),),
    )
