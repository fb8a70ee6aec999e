"""Telephone numbers, several in a field, as people type them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from onboarding.imports.values.issues import Issue, Reading
from onboarding.imports.values.text import one_line

Kind = Literal["mobile", "landline", "other"]

_SEPARATORS = re.compile(r"\s*(?:[\r\n\v;|]|,(?=\s*[+(\d a-z])|\s/\s|/(?=\s*[+(0])|\bor\b|\band\b|&|\boder\b|\bou\b)\s*", re.IGNORECASE)
_DIGITS = re.compile(r"\D")
_EXTENSION = re.compile(r"(?:\bext(?:ension)?\.?|\bx)\s*(\d{1,6})\b", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]{2,}(?:[^\W\d_]|[ '.\-])*")
MIN_DIGITS, MAX_DIGITS = 6, 15
_COUNTRY = {"AU": "61", "NZ": "64", "DE": "49", "FR": "33", "GB": "44", "US": "1", "CA": "1"}


@dataclass(frozen=True, slots=True)
class Phone:
    """One number. `number` is E.164 where the country's rules say so, else digits as typed.

    `note` is what stood beside it (“mum”, “ext. 12”).
    """

    number: str
    kind: Kind
    raw: str
    note: str = ""


def find_phones(raw: str, *, region: str = "AU") -> Reading[list[Phone]]:
    """Find every number in a cell; text without one is an issue, not a number."""
    found: list[Phone] = []
    issues: list[Issue] = []
    for part in _SEPARATORS.split(raw.strip()):
        text = one_line(part)
        if not text:
            continue
        phone, problems = _read_one(text, region)
        issues.extend(problems)
        if phone and phone.number not in {known.number for known in found}:
            found.append(phone)
    return Reading(found or None, tuple(issues))


def _read_one(text: str, region: str) -> tuple[Phone | None, list[Issue]]:
    extension = _EXTENSION.search(text)
    bare = text[: extension.start()] + text[extension.end() :] if extension else text
    words = " ".join(word.strip(" .-") for word in _WORDS.findall(bare)).strip()
    digits = _DIGITS.sub("", bare.replace("(0)", ""))
    if not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        return None, [Issue("phone_unreadable", "This is not a telephone number.")]
    note = " ".join(filter(None, [words, f"ext. {extension[1]}" if extension else ""]))
    number, kind, issue = _normal(digits, region, plus="+" in bare or digits.startswith("00"))
    return Phone(number, kind, text, note), [issue] if issue else []


def _normal(digits: str, region: str, *, plus: bool) -> tuple[str, Kind, Issue | None]:
    digits = digits.removeprefix("00") if plus else digits
    if plus:
        home = digits.startswith("61")
        return f"+{digits}", _australian_kind(f"0{digits[2:]}") if home else "other", None
    if region == "AU":
        return _australian(digits)
    code = _COUNTRY.get(region)
    if code == "1" and len(digits) == 10:  # noqa: PLR2004 - North American numbering plan
        return f"+1{digits}", "other", None
    if code and digits.startswith("0"):
        return f"+{code}{digits.lstrip('0')}", "other", None
    return digits, "other", None


def _australian(digits: str) -> tuple[str, Kind, Issue | None]:
    """Australian Numbering Plan 2015: 04/05 mobiles, 02 03 07 08 areas, 13/1300/1800 services."""
    if len(digits) == 11 and digits.startswith("61"):  # noqa: PLR2004
        return f"+{digits}", _australian_kind(f"0{digits[2:]}"), None
    if len(digits) == 10 and re.match(r"0[2-578]", digits):  # noqa: PLR2004
        return f"+61{digits[1:]}", _australian_kind(digits), None
    if len(digits) == 9 and digits[0] == "4":  # noqa: PLR2004
        lost = Issue("phone_zero", "The leading zero was lost (a number field): put back.")
        return f"+61{digits}", "mobile", lost
    if re.fullmatch(r"13\d{4}|1[38]00\d{6}", digits):
        return digits, "other", None
    if len(digits) == 8:  # noqa: PLR2004
        return digits, "landline", Issue("phone_area", "No area code: kept as typed.")
    return digits, "other", Issue("phone_shape", "Not an Australian number: kept as typed.")


def _australian_kind(national: str) -> Kind:
    if re.match(r"0[45]", national):
        return "mobile"
    return "landline" if re.match(r"0[2378]", national) else "other"
