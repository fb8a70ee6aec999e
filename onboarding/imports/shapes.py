"""What the values of a field look like, tried on a bounded sample: evidence for the mapping."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING

from clinical.patients.identifiers import Kind, is_valid_identifier
from onboarding.imports.values import dates, words
from onboarding.imports.values.addresses import split_address
from onboarding.imports.values.contacts import find_emails, find_phones
from onboarding.imports.values.names import TITLES
from onboarding.imports.values.text import folded, one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from onboarding.filemaker.sources import DateOrder, Locale

_STATES = frozenset("nsw vic qld sa wa tas act nt".split()) | frozenset(
    "al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny "
    "nc nd oh ok or pa ri sc sd tn tx ut vt va wv wi wy dc".split()
)
_POSTCODE = re.compile(r"\d{3,5}(-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", re.IGNORECASE)
_STREET = re.compile(
    r"\b(street|st|road|rd|avenue|ave|lane|ln|drive|dr|court|ct|place|pl|way|blvd|highway|hwy|parade|"
    r"crescent|cres|strasse|str|weg|platz|allee|rue|boulevard|chemin|po box)\b|"
    r"\w+(?:str\.|stra(?:ß|ss)e\b|weg\b|gasse\b|platz\b|allee\b)",
    re.IGNORECASE,
)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_LIKE_A_DATE = re.compile(r"\d{1,4}[./\-]\d{1,2}[./\-]\d{1,4}.*\Z")
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’\-. ])*")


def read_number(raw: str, locale: Locale | None) -> Decimal | None:
    """Read a number written in the file's locale; None where it holds words or ranges."""
    text = one_line(raw).replace("\u2212", "-")
    decimal = locale.decimal_separator if locale else "."
    thousands = locale.thousands_separator if locale else ","
    if thousands and thousands != decimal:
        text = re.sub(rf"(?<=\d){re.escape(thousands)}(?=\d{{3}}(?:\D|$))", "", text)
    if decimal and decimal != ".":
        text = text.replace(decimal, ".")
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def tests(order: DateOrder, today: date) -> dict[str, Callable[[str], bool]]:
    """Answer the tests by name; each takes a value that is not empty."""

    @lru_cache(maxsize=8)  # a value's tests come one after the other
    def is_date(text: str) -> bool:
        return len(text) <= 30 and dates.read_date(text, order=order, today=today).value is not None  # noqa: PLR2004

    def is_birth(text: str) -> bool:
        if not is_date(text):
            return False
        found = dates.read_date(text, order=order, today=today, plausible="birth").value
        return found is not None and found < today

    def is_timestamp(text: str) -> bool:
        day, clock = dates.split_timestamp(text)
        return bool(clock) and is_date(day) and dates.read_time(clock).value is not None

    return {
        "email": lambda text: "@" in text and bool(find_emails(text).value),
        "phone": _is_phone,
        "date": is_date,
        "birth": is_birth,
        "time": lambda text: ":" in text and dates.read_time(text).value is not None,
        "timestamp": is_timestamp,
        "postcode": lambda text: bool(_POSTCODE.fullmatch(one_line(text))),
        "state": lambda text: folded(text) in _STATES,
        "street": lambda text: any(c.isdigit() for c in text) and bool(_STREET.search(text)),
        "address": _is_address,
        "medicare": lambda text: is_valid_identifier(Kind.MEDICARE, bare_number(text)) is True,
        "ndis": lambda text: is_valid_identifier(Kind.NDIS, bare_number(text)) is True,
        "dva": lambda text: is_valid_identifier(Kind.DVA, text) is True,
        "ihi": lambda text: is_valid_identifier(Kind.HEALTH, text) is True,
        "sex": lambda text: words.read_sex(text).value is not None,
        "status": words.is_status_word,
        "archived": lambda text: words.read_archived(text).value is not None,
        "title": lambda text: folded(text) in TITLES,
        "uuid": lambda text: bool(_UUID.fullmatch(text.strip())),
        "integer": lambda text: text.strip().isdigit(),
        "word": lambda text: len(text) <= 60 and bool(_WORD.fullmatch(text.strip())),  # noqa: PLR2004
        "flag": lambda text: words.read_flag(text).value is not None,
    }


REMEMBERED = 5_000
"""So many values are remembered with the tests they pass."""
LONGEST_WORD = 60
_DIGITS = {
    "date": 1, "birth": 1, "time": 1, "timestamp": 1, "postcode": 1, "street": 1, "address": 1,
    "dva": 1, "integer": 1, "phone": 8, "ndis": 9, "medicare": 10, "ihi": 16,
}  # fmt: skip
"""How many digits a value has at the least that passes the test."""
_ONE_WORD = frozenset({"state", "sex", "status", "title", "flag"})
"""Tests that nothing longer passes."""
_LETTERS = frozenset({"street", "dva", "state", "sex", "status", "title"})
"""Tests that nothing without a letter passes: no date, number or telephone."""
_OF_WORDS = frozenset({"state", "sex", "status", "title", "archived"})
"""Tests that look at the folded text, which is the same folded again."""


def looker(order: DateOrder, today: date) -> Callable[[str], tuple[str, ...]]:
    """Answer what names the tests that a value passes.

    Every value of a sample is tried, and most tests cannot be passed by most values: their digits and
    their length are counted once, so that a name is not read as a date, a card and a phone number.
    Values that come again and again, as most do, are looked at once.
    """
    table = [
        (name, test, _DIGITS.get(name, 0), name in _LETTERS, name in _ONE_WORD, name in _OF_WORDS)
        for name, test in tests(order, today).items()
    ]

    @lru_cache(maxsize=REMEMBERED)
    def look(text: str) -> tuple[str, ...]:
        digits, is_long, folds = sum(map(str.isdigit, text)), len(text) > LONGEST_WORD, folded(text)
        is_mute = not any(map(str.isalpha, folds))
        return tuple(
            name
            for name, test, least, speaks, is_one_word, is_of_words in table
            if digits >= least
            and not (speaks and is_mute)
            and not (is_one_word and is_long)
            and test(folds if is_of_words else text)
        )

    return look


def bare_number(text: str) -> str:
    """Take the label off a number: `NDIS 430 123 456` is `430 123 456`."""
    return re.sub(r"^[^\W\d_]{3,}[\s.:#no]*(?=\d)", "", text.strip(), flags=re.IGNORECASE)


def _is_address(text: str) -> bool:
    """A whole address in one field: a street and a postcode, parted by lines or commas."""
    if not any(c.isdigit() for c in text) or not any(c in text for c in "\r\n\v,"):
        return False
    found = split_address(text).value
    return bool(found and found.lines and found.postcode)


def _is_phone(text: str) -> bool:
    """Digits enough for a number, and few other characters: a note with a number in it is no phone."""
    if len(text) > 80 or not 8 <= sum(c.isdigit() for c in text):  # noqa: PLR2004, SIM300
        return False
    return not _LIKE_A_DATE.match(text.strip()) and bool(find_phones(text).value)
