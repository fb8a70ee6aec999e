"""Numbers that identify a person to a payer or registry, with their check digits.

Medicare card, IHI and provider number: Services Australia's published rules. The NDIA publishes no
check digit for NDIS numbers: nine digits that start with 43.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from onboarding.imports.values.issues import Reading
from onboarding.imports.values.text import one_line

_NOT_DIGIT = re.compile(r"\D")
_MEDICARE_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9)
_PROVIDER_WEIGHTS = (3, 5, 8, 4, 2, 1)
_PROVIDER_LOCATIONS = "0123456789ABCDEFGHJKLMNPQRTUVWXY"
_PROVIDER_CHECKS = "YXWTLKJHFBA"
MEDICARE_LENGTH = 10


@dataclass(frozen=True, slots=True)
class MedicareCard:
    """Ten digits of the card and the person's line on it (1–9), if known."""

    number: str
    line: str = ""


def luhn_holds(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004
    return total % 10 == 0


def medicare_holds(digits: str) -> bool:
    """Check the ninth digit of a card number of ten digits."""
    if not re.fullmatch(r"[2-6]\d{8}[1-9]", digits):
        return False
    total = sum(int(d) * w for d, w in zip(digits, _MEDICARE_WEIGHTS, strict=False))
    return total % 10 == int(digits[8])


def read_medicare(raw: str) -> Reading[MedicareCard]:
    """Read a card number, with its line (IRN) as eleventh digit or after a slash or dash."""
    text = one_line(raw)
    if not text:
        return Reading()
    digits = _NOT_DIGIT.sub("", text)
    if len(digits) not in {MEDICARE_LENGTH, MEDICARE_LENGTH + 1}:
        return Reading.failed("medicare_length", "A Medicare number has 10 digits, or 11 with line.")
    number, line = digits[:MEDICARE_LENGTH], digits[MEDICARE_LENGTH:]
    if not medicare_holds(number):
        return Reading.failed("medicare_check", "The check digit of this Medicare number is wrong.")
    return Reading(MedicareCard(number, line if line != "0" else ""))


def ndis_holds(digits: str) -> bool:
    return bool(re.fullmatch(r"43\d{7}", digits))


def read_ndis(raw: str) -> Reading[str]:
    text = one_line(raw)
    if not text:
        return Reading()
    digits = _NOT_DIGIT.sub("", text)
    if not ndis_holds(digits):
        return Reading.failed("ndis_shape", "An NDIS number has 9 digits and starts with 43.")
    return Reading(digits)


def read_dva(raw: str) -> Reading[str]:
    """Read a DVA file number: state letter, war code, digits, perhaps a segment letter."""
    text = re.sub(r"[\s\-/]", "", one_line(raw)).upper()
    if not text:
        return Reading()
    if not re.fullmatch(r"[NVQSWT][A-Z]{0,3}\d{1,6}[A-Z]?", text):
        return Reading.failed("dva_shape", "A DVA file number starts with N, V, Q, S, W or T.")
    return Reading(text)


def read_ihi(raw: str) -> Reading[str]:
    digits = _NOT_DIGIT.sub("", one_line(raw))
    if not one_line(raw):
        return Reading()
    if not (re.fullmatch(r"800360\d{10}", digits) and luhn_holds(digits)):
        return Reading.failed("ihi_check", "This is not a valid Individual Healthcare Identifier.")
    return Reading(digits)


def provider_number_holds(text: str) -> bool:
    """Check a Medicare provider number: six digits, practice location, check letter."""
    match = re.fullmatch(r"(\d{6})([0-9A-HJ-NP-RT-Y])([A-Z])", text.rjust(8, "0"))
    if not match:
        return False
    total = sum(int(d) * w for d, w in zip(match[1], _PROVIDER_WEIGHTS, strict=True))
    total += _PROVIDER_LOCATIONS.index(match[2]) * 6
    return _PROVIDER_CHECKS[total % 11] == match[3]


def read_provider_number(raw: str) -> Reading[str]:
    text = re.sub(r"[\s\-]", "", one_line(raw)).upper()
    if not text:
        return Reading()
    if not provider_number_holds(text):
        return Reading.failed("provider_check", "The check letter of this provider number is wrong.")
    return Reading(text.rjust(8, "0"))


def read_email(raw: str) -> Reading[list[str]]:
    """Find every e-mail address in a cell."""
    text = one_line(raw)
    if not text:
        return Reading()
    found = re.findall(r"[^\s,;<>()\"'|/:]+@[^\s,;<>()\"'|/:@]+\.[^\s,;<>()\"'|/:@.]{2,}", text)
    if not found:
        return Reading.failed("email_unreadable", "This is not an e-mail address.")
    return Reading(list(dict.fromkeys(address.rstrip(".").lower() for address in found)))
