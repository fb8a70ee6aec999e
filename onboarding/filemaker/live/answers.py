"""Reading foreign JSON: numbers as they are written, shapes checked, nothing believed."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from onboarding.filemaker.live.errors import BrokenAnswerError

Json: TypeAlias = Any
"""What `parse_json` gives: a mapping, list, string, Literal, bool or None."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_LITERAL = 1_000
_MOST_DIGITS = 18
EXACT_DIGITS = 15
"""A double keeps so many digits of any number."""


class Literal(str):
    """A JSON number as it was written: a float would round it, text it never was."""

    __slots__ = ()


def parse_json(body: bytes) -> Json:
    """Parse an answer; raises BrokenAnswerError for anything that is not JSON."""
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_int=Literal,
            parse_float=Literal,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError):
        raise BrokenAnswerError from None


def _refuse(_: str) -> Json:
    raise ValueError


def mapping(value: Json, key: str = "") -> Mapping[str, Json]:
    """Return an object, or the object under `key` of one; raises BrokenAnswerError."""
    if key:
        value = mapping(value).get(key)
    if not isinstance(value, dict):
        raise BrokenAnswerError
    return value


def listing(value: Json, key: str = "") -> Sequence[Json]:
    """Return a list, or the list under `key` of an object; raises BrokenAnswerError."""
    if key:
        value = mapping(value).get(key)
    if not isinstance(value, list):
        raise BrokenAnswerError
    return value


def number_of(value: Json) -> int:
    """Return a whole number, which FileMaker sends as number or as text."""
    text = value if isinstance(value, str) else ""
    if not text.isascii() or not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise BrokenAnswerError
    return int(text)


def text_of(value: Json) -> str:
    """Return a value as text: "" for null, 1 and 0 for true and false.

    A number with an exponent is written out; half of a surrogate pair becomes U+FFFD.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Literal):
        return _plain_number(value)
    if not isinstance(value, str):
        raise BrokenAnswerError
    return _SURROGATE.sub("\ufffd", value)


def _plain_number(literal: str) -> str:
    if "e" not in literal and "E" not in literal:
        return str(literal)
    try:
        number = Decimal(literal)
    except InvalidOperation:
        raise BrokenAnswerError from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > _LONGEST_LITERAL:
        return str(literal)
    return format(number, "f")


def has_rounded(value: Json) -> bool:
    """Answer whether a number has so many digits that the server may have rounded it."""
    if not isinstance(value, Literal):
        return False
    mantissa = re.split("[eE]", value)[0]
    return len(re.sub(r"\D", "", mantissa).lstrip("0")) > EXACT_DIGITS
