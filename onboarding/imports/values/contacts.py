"""Telephone numbers and e-mail addresses, several in a field, as people type them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from clinical.patients.contacts import normalise_phone
from onboarding.imports.values.issues import Issue, Reading
from onboarding.imports.values.text import one_line

Kind = Literal["mobile", "landline", "other"]

_BETWEEN = re.compile(
    r"\s*(?:[\r\n\v;|]|,(?=\s*[+(\da-z])|\s/\s|/(?=\s*[+(0])|\b(?:or|and|oder|und|ou|et)\b|&)\s*",
    re.IGNORECASE,
)
_EXTENSION = re.compile(r"(?:\bext(?:ension)?\.?|\bx)\s*(\d{1,6})\b", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]{2,}(?:[^\W\d_]|[ '.\-])*")
_NUMBER = re.compile(r"\+?[\d(][\d\s()./\-]*\d")
_EMAIL = re.compile(r"[^\s,;<>()\"'|/:@]+@[^\s,;<>()\"'|/:@]+\.[^\s,;<>()\"'|/:@.]{2,}")
MIN_DIGITS, MAX_DIGITS = 6, 15


@dataclass(frozen=True, slots=True)
class Phone:
    """One number as typed; `note` is what stood beside it (“mum”, “ext. 12”)."""

    value: str
    kind: Kind
    note: str = ""


def find_phones(raw: str) -> Reading[list[Phone]]:
    """Find every number in a cell; text without one is an issue, not a number."""
    found: dict[str, Phone] = {}
    issues: list[Issue] = []
    for part in _BETWEEN.split(raw.strip()):
        text = one_line(part)
        if not text:
            continue
        phone, issue = _read_one(text)
        if issue:
            issues.append(issue)
        if phone:
            found.setdefault(normalise_phone(phone.value), phone)
    return Reading(list(found.values()) or None, tuple(issues))


def _read_one(text: str) -> tuple[Phone | None, Issue | None]:
    extension = _EXTENSION.search(text)
    bare = f"{text[: extension.start()]} {text[extension.end() :]}" if extension else text
    match = _NUMBER.search(bare)
    digits = re.sub(r"\D", "", match[0]) if match else ""
    if not match or not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        return None, Issue("phone_unreadable", "This is not a telephone number.")
    words = [word.strip(" .-") for word in _WORDS.findall(bare.replace(match[0], " "))]
    note = " ".join([*filter(None, words), *([f"ext. {extension[1]}"] if extension else [])])
    value = match[0].strip()
    if bare[: match.start()].rstrip().endswith("("):
        value = f"({value}"
    normal = normalise_phone(value)
    issue = None
    if len(digits) == 9 and normal == f"0{digits}":  # noqa: PLR2004 - a national number less its 0
        value, issue = normal, Issue("phone_zero", "The leading zero was lost: put back.")
    return Phone(value, _kind(normal), note), issue


def _kind(normal: str) -> Kind:
    """Australian Numbering Plan 2015: 04 and 05 are mobiles; 02, 03, 07, 08 are areas."""
    if re.fullmatch(r"0[45]\d{8}", normal):
        return "mobile"
    return "landline" if re.fullmatch(r"0[2378]\d{8}", normal) else "other"


def find_emails(raw: str) -> Reading[list[str]]:
    """Find every e-mail address in a cell, in lower case."""
    text = one_line(raw)
    if not text:
        return Reading()
    found = [address.rstrip(".").lower() for address in _EMAIL.findall(text)]
    if not found:
        return Reading.failed("email_unreadable", "This is not an e-mail address.")
    return Reading(list(dict.fromkeys(found)))
