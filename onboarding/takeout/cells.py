"""Values as cells of a CSV that a spreadsheet opens without running anything (`ui.spreadsheets`)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from ui.spreadsheets import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable


def cell_of(value: Any) -> str:
    """Write one value: UTC times and dates in ISO 8601, JSON as JSON, bytes in hexadecimal."""
    for kinds, write in _WRITERS:
        if isinstance(value, kinds):
            return write(value)
    return safe_text(str(value))


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
