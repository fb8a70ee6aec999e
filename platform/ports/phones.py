"""Telephone numbers as vendors want them: E.164, mobiles only."""

from __future__ import annotations

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

_TEXTED = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
_WHY_NOT = {
    PhoneNumberType.FIXED_LINE: "a landline",
    PhoneNumberType.TOLL_FREE: "a free-call number",
    PhoneNumberType.SHARED_COST: "a local-rate number",
    PhoneNumberType.PREMIUM_RATE: "a premium number",
    PhoneNumberType.VOIP: "an internet telephone",
    PhoneNumberType.PAGER: "a pager",
}


class NumberError(ValueError):
    """The number cannot be texted; `words` says why, for a person."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def mobile_number(typed: str, region: str = "AU") -> str:
    """Answer a mobile in E.164 (+61412345678); `region` is where a number without + belongs.

    Raises NumberError for what is no number, and for a landline.
    """
    number = _parsed(typed, region)
    kind = phonenumbers.number_type(number)
    if kind not in _TEXTED:
        what = _WHY_NOT.get(kind, "not a mobile number")
        raise NumberError(f"{typed.strip()} is {what}: texts reach mobiles only.")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def any_number(typed: str, region: str = "AU") -> str:
    """Answer any complete telephone number in E.164; raises NumberError."""
    return phonenumbers.format_number(_parsed(typed, region), PhoneNumberFormat.E164)


def is_textable(typed: str, region: str = "AU") -> bool:
    """Answer whether a text can be sent there."""
    try:
        mobile_number(typed, region)
    except NumberError:
        return False
    return True


def national(number: str, region: str = "AU") -> str:
    """Answer how people of the region read it: 0412 345 678; what is no number as it stands."""
    try:
        parsed = _parsed(number, region)
    except NumberError:
        return number
    is_home = phonenumbers.region_code_for_number(parsed) == region
    style = PhoneNumberFormat.NATIONAL if is_home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def _parsed(typed: str, region: str) -> phonenumbers.PhoneNumber:
    if not typed.strip():
        raise NumberError("There is no mobile number.")
    try:
        number = phonenumbers.parse(typed, region)
    except NumberParseException as error:
        raise NumberError(f"{typed.strip()} is not a telephone number.") from error
    if not phonenumbers.is_valid_number(number):
        raise NumberError(f"{typed.strip()} is not a complete telephone number.")
    return number
