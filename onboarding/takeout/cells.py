r"""Values as cells of a CSV that a spreadsheet opens without running anything.

A text that a spreadsheet would take for a formula gets an apostrophe before it, and so does a text
that already begins with apostrophes before such a sign: whoever reads the file by machine takes one
apostrophe away from each cell that matches `^'+[=+\-@…]` and has the text as it stood.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def cell_of(value: Any) -> str:
    """Write one value: UTC times and dates in ISO 8601, JSON as JSON, bytes in hexadecimal."""
    for kinds, write in _WRITERS:
        if isinstance(value, kinds):
            return write(value)
    return safe_text(str(value))


def safe_text(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def _json(value: Any) -> str:
    return safe_text(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str))


def _moment(value: datetime) -> str:
    return (value.astimezone(UTC) if value.tzinfo else value).isoformat()


_WRITERS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (str, safe_text),
    (type(None), lambda _: ""),
    (bool, lambda value: "true" if value else "false"),
    ((int, float), str),
    (datetime, _moment),
    (date, date.isoformat),
    ((bytes, memoryview), lambda value: bytes(value).hex()),
    ((dict, list), _json),
)
"""In this order: a bool is an int, a datetime a date."""
