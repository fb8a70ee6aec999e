"""Phone numbers and e-mail addresses in the one form in which they are compared.

A phone number is kept as digits: Australian ones in national form with the leading 0 (0412345678,
0298765432; ACMA numbering plan), short codes as they are (131450), foreign ones with their country
code and a + in front (+6421234567).
"""

from __future__ import annotations

import re

from clinical.patients.models import ContactPoint

PHONE_KINDS = frozenset({ContactPoint.Kind.MOBILE, ContactPoint.Kind.HOME, ContactPoint.Kind.WORK})
_NATIONAL_DIGITS = 9
"""An Australian number without its leading 0, such as 412345678."""
_NOT_A_PHONE = re.compile(r"[^\d\s+().\-/]")
_EXTENSION = re.compile(r"\s*(?:ext|extn|x)\.?\s*\d+\s*$", re.IGNORECASE)


def normalise_phone(value: str) -> str:
    """Answer the comparable form of a phone number as typed; empty if there are no digits.

    +61 412 345 678, 0061412345678, (0412) 345-678 and 412345678 all answer 0412345678.
    """
    value = _EXTENSION.sub("", value.strip())
    digits = "".join(re.findall(r"[0-9]", value.replace("(0)", "")))
    international = value.startswith("+") or digits.startswith(("0011", "00"))
    if digits.startswith("0011"):
        digits = digits[4:]
    elif digits.startswith("00"):
        digits = digits[2:]
    if digits.startswith("61") and (international or len(digits) == _NATIONAL_DIGITS + 2):
        return "0" + digits[2:].removeprefix("0")
    if international and digits:
        return f"+{digits}"
    if len(digits) == _NATIONAL_DIGITS and digits[0] in "23478":
        return f"0{digits}"
    return digits


def normalise_email(value: str) -> str:
    return value.strip().lower()


def normalise_contact(kind: str, value: str) -> str:
    """Answer the comparable form of a contact point; kind `other` may be either."""
    if kind == ContactPoint.Kind.EMAIL or "@" in value:
        return normalise_email(value)
    if kind in PHONE_KINDS or looks_like_phone(value):
        return normalise_phone(value)
    return value.strip().lower()


def looks_like_phone(value: str) -> bool:
    """True for digits with the marks people write between them."""
    return (
        bool(value.strip())
        and not _NOT_A_PHONE.search(value)
        and any(character.isdigit() for character in value)
    )


def format_phone(normalised: str) -> str:
    """Write a comparable number the way Australians read it: 0412 345 678, (02) 9876 5432."""
    if re.fullmatch(r"04\d{8}", normalised):
        return f"{normalised[:4]} {normalised[4:7]} {normalised[7:]}"
    if re.fullmatch(r"0[2378]\d{8}", normalised):
        return f"({normalised[:2]}) {normalised[2:6]} {normalised[6:]}"
    if re.fullmatch(r"1[38]00\d{6}", normalised):
        return f"{normalised[:4]} {normalised[4:7]} {normalised[7:]}"
    return normalised
