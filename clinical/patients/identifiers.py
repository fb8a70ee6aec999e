"""Card and scheme numbers: their comparable form, and what their check digits say.

Nothing here refuses a number: a wrong one is kept as it was given and marked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clinical.patients.models import PatientIdentifier

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = PatientIdentifier.Kind

_MEDICARE_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9)
_MEDICARE = re.compile(r"[2-6]\d{9}[1-9]?")
_NDIS = re.compile(r"43\d{7}")
_HEALTHCARE = re.compile(r"80036[01]\d{10}")
_DVA = re.compile(r"[NVQWST](?:[A-Z]\d{1,6}|[A-Z]{2}\d{1,5}|[A-Z]{3}\d{1,4}|\d{1,6})[A-Z]?")


def normalise_identifier(value: str) -> str:
    """Answer letters and digits only, in capitals: 2123 45670-1 and 2123456701 compare equal."""
    return "".join(character for character in value.upper() if character.isalnum())


def is_valid_identifier(kind: str, value: str) -> bool | None:
    """Answer whether a number of this kind can exist; None where no rule is known."""
    rule = _RULES.get(kind)
    normalised = normalise_identifier(value)
    return rule(normalised) if rule and normalised else None


def explain_identifier(kind: str, value: str) -> str:
    """Answer what is wrong with a number, for the person who typed it; nothing where all is well."""
    if is_valid_identifier(kind, value) is not False:
        return ""
    number = normalise_identifier(value)
    explain = _EXPLAIN.get(kind)
    return explain(number) if explain else ""


def _explain_medicare(number: str) -> str:
    if not number.isdigit() or len(number) not in {10, 11}:
        return "A Medicare number has 10 digits, and maybe the person's figure (1 to 9) after them."
    if not _MEDICARE.fullmatch(number):
        return "A Medicare number begins with a figure from 2 to 6."
    return "The check digit does not fit: two figures may be swapped. Compare it with the card."


def _explain_ndis(_number: str) -> str:
    return "An NDIS number has nine digits and begins with 43."


def _explain_dva(_number: str) -> str:
    return "A DVA number is a state's letter, a war code and up to six digits, such as NX123456."


def _explain_healthcare(number: str) -> str:
    if not _HEALTHCARE.fullmatch(number):
        return "A healthcare identifier has 16 digits and begins with 800360."
    return "The check digit does not fit: two figures may be swapped. Compare it again."


def _is_medicare(number: str) -> bool:
    """Ten digits, the ninth checking the first eight, then the card's issue and maybe the person's.

    Services Australia: weights 1 3 7 9 1 3 7 9, sum modulo 10; the first digit is 2 to 6.
    """
    if not _MEDICARE.fullmatch(number):
        return False
    total = sum(
        weight * int(digit) for weight, digit in zip(_MEDICARE_WEIGHTS, number, strict=False)
    )
    return total % 10 == int(number[8])


def _is_ndis(number: str) -> bool:
    """Nine digits that begin with 43; the agency publishes no check digit."""
    return bool(_NDIS.fullmatch(number))


def _is_dva(number: str) -> bool:
    """State letter, war code of up to three letters, up to six digits, a letter for dependants."""
    return bool(_DVA.fullmatch(number))


def _is_healthcare(number: str) -> bool:
    """Sixteen digits (individual 800360, provider 800361) with a Luhn digit (AS 5017-2006)."""
    return bool(_HEALTHCARE.fullmatch(number)) and _luhn(number)


def _luhn(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 - the sum of two digits
    return total % 10 == 0


_EXPLAIN: dict[str, Callable[[str], str]] = {
    Kind.MEDICARE: _explain_medicare,
    Kind.NDIS: _explain_ndis,
    Kind.DVA: _explain_dva,
    Kind.HEALTH: _explain_healthcare,
}
_RULES: dict[str, Callable[[str], bool]] = {
    Kind.MEDICARE: _is_medicare,
    Kind.NDIS: _is_ndis,
    Kind.DVA: _is_dva,
    Kind.HEALTH: _is_healthcare,
}
