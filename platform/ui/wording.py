"""How names, numbers, sizes and times are written on screen."""

from __future__ import annotations

import zlib
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeGuard

from django.utils import timezone

HUES = 8
_BYTES_STEP = 1000
_FORMATS = {
    "date": "%-d %b %Y",
    "day": "%a %-d %b",
    "long_date": "%A %-d %B %Y",
    "time": "%-I:%M %p",
    "datetime": "%-d %b %Y, %-I:%M %p",
}
# Thresholds in seconds: below the first, how many make one of the unit, and its name.
_AGES = (
    (45, 1, ""),
    (45 * 60, 60, "min"),
    (22 * 3600, 3600, "h"),
    (26 * 86400, 86400, "d"),
)
MASK = "•"
MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"


def initials(name: str) -> str:
    """Answer one or two letters for a name: first and last word, brackets and commas aside."""
    words = [word for word in name.replace(",", " ").replace("(", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def hue_of(name: str) -> int:
    """Answer the number of the avatar colour, the same for the same name on every machine."""
    return zlib.crc32(name.strip().casefold().encode()) % HUES


def grouped(number: float | Decimal | None) -> str:
    """Write 9830 as 9,830."""
    if number is None:
        return ""
    return f"{number:,}"


def money(cents: int | None) -> str:
    """Write 12345 cents as $123.45."""
    if cents is None:
        return ""
    amount = (Decimal(abs(cents)) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{MINUS if cents < 0 else ''}${amount:,}"


def file_size(size: int | None) -> str:
    """Write a number of bytes as a person would: 734 B, 12 kB, 3.4 MB."""
    if size is None:
        return ""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < _BYTES_STEP:
            digits = 1 if unit in {"MB", "GB"} and amount < 100 else 0  # noqa: PLR2004
            return f"{amount:.{digits}f} {unit}"
        amount /= _BYTES_STEP
    return f"{amount:.1f} TB"


def masked(value: object, visible: int = 3) -> str:
    """Hide all but the last characters: `••••• 678`. Short values are hidden whole.

    Always as many dots, so that the length tells nothing.
    """
    text = str(value if value is not None else "").strip()
    if not text:
        return ""
    tail = text[-visible:] if visible and len(text) > visible * 2 else ""
    return MASK * 5 + (f" {tail}" if tail else "")


def moment(value: date | datetime, style: str = "datetime") -> str:
    """Write a date or a time in the current time zone; `relative` is written by `ago`."""
    local = timezone.localtime(value) if _is_aware(value) else value
    text = local.strftime(_FORMATS[style])
    return text.replace("AM", "am").replace("PM", "pm")


def zoned(value: date | datetime) -> str:
    """Write a moment in full with its zone, for the tool tip of a shortened one."""
    if not isinstance(value, datetime):
        return moment(value, "long_date")
    zone = timezone.localtime(value).strftime("%Z") if _is_aware(value) else ""
    return f"{moment(value, 'long_date')}, {moment(value, 'time')} {zone}".strip()


def ago(value: datetime, now: datetime | None = None) -> str:
    """Write how long ago: just now, 5 min ago, 3 h ago, 2 d ago, then the date."""
    seconds = ((now or timezone.now()) - value).total_seconds()
    if seconds < 0:
        return moment(value)
    for limit, unit, name in _AGES:
        if seconds < limit:
            return f"{max(1, round(seconds / unit))} {name} ago" if name else "just now"
    return moment(value, "date")


def _is_aware(value: date | datetime) -> TypeGuard[datetime]:
    return isinstance(value, datetime) and timezone.is_aware(value)
