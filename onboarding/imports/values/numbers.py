"""Numbers as people type them into FileMaker: exact decimals, never floating point.

FileMaker's number fields take any text; 12 % of their cells hold words or ranges. What is not a plain
number is an issue and keeps its text, or is read the way FileMaker calculates: digits anywhere.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from onboarding.imports.values.issues import Issue, Reading
from onboarding.imports.values.text import one_line

MOST_DIGITS = 40
"""FileMaker computes with up to 400 digits; longer than this it is an account number or a slip."""
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-"})
_BLANKS_BETWEEN = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?:\D|$))")
_CURRENCY = re.compile(
    r"^(-?)\s*(?:A?U?\$|€|£|EUR|AUD|CHF|Fr\.)\s*|\s*(?:€|£|\$|EUR|AUD|CHF)$", re.IGNORECASE
)


def read_number(raw: str, *, decimal_sign: str = ".") -> Reading[Decimal]:
    """Read a cell that holds one number and nothing else: blanks, thousands and currency aside."""
    text = one_line(raw).translate(_MINUS)
    if not text:
        return Reading()
    bare = _CURRENCY.sub(lambda match: match[1] or "", text).strip()
    number = _plain(_without_thousands(bare, decimal_sign), decimal_sign)
    if number is None:
        return Reading.failed("number_words", "Not a plain number: kept as text.")
    return Reading(number)


def read_digits(raw: str, *, decimal_sign: str = ".") -> Reading[Decimal]:
    """Read digits wherever they stand, as FileMaker's own arithmetic does: `ca. 50+` is 50.

    FileMaker takes a minus anywhere before the first digit for a sign and the first decimal sign for
    one (Claris help, GetAsNumber). That something else stood there is told.
    """
    text = one_line(raw).translate(_MINUS)
    strict = read_number(text, decimal_sign=decimal_sign)
    if strict.value is not None or not text:
        return strict
    digits: list[str] = []
    for place, char in enumerate(text):
        if char in "0123456789" or (char == "-" and not digits):
            digits.append(char)
        elif (
            char == decimal_sign
            and "." not in digits
            and (text[place + 1 : place + 2].isdigit() or any(d.isdigit() for d in digits))
        ):
            digits.append(".")
    found = "".join(digits)
    found = ("-" if found.startswith("-") else "") + found.lstrip("-").rstrip(".")
    number = _plain(found, ".")
    if number is None:
        return Reading.failed("number_none", "There is no number in it: kept as text.")
    told = Issue("number_digits", "More than a number stood there: only its digits were taken.")
    return Reading(number, (told,))


def _without_thousands(text: str, decimal_sign: str) -> str:
    other = "," if decimal_sign == "." else "."
    text = _BLANKS_BETWEEN.sub("", text)
    if other in text and re.fullmatch(
        rf"-?\d{{1,3}}(?:{re.escape(other)}\d{{3}})+(?:{re.escape(decimal_sign)}\d*)?", text
    ):
        return text.replace(other, "")
    return text


def _plain(text: str, decimal_sign: str) -> Decimal | None:
    if decimal_sign != ".":
        if "." in text:
            return None
        text = text.replace(decimal_sign, ".")
    if not re.fullmatch(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?", text):
        return None
    if len(text) > MOST_DIGITS:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def to_cents(number: Decimal) -> Reading[int]:
    """Turn an amount into cents; a fraction of a cent is rounded to even and told."""
    cents = number * 100
    whole = cents.to_integral_value()
    if abs(whole) >= 1 << 62:
        return Reading.failed("number_large", "Too large a number to be an amount.")
    if whole != cents:
        return Reading(int(whole), (Issue("cents_rounded", "A fraction of a cent was rounded."),))
    return Reading(int(whole))
