"""Arithmetic with cents: whole numbers only, a half goes up."""

from __future__ import annotations

from billing_integrations.invoices.models import GstRule

HUNDREDTHS = 100
MINUTES = 60
_GST_PARTS = 11
"""GST of ten per cent is an eleventh of what contains it."""


def line_total(quantity_hundredths: int, unit_cents: int) -> int:
    """Answer what a line comes to."""
    return (quantity_hundredths * unit_cents + HUNDREDTHS // 2) // HUNDREDTHS


def gst_of(rule: str, total_cents: int) -> int:
    """Answer the GST that a total contains under a rule."""
    if rule != GstRule.TAXABLE:
        return 0
    return (2 * total_cents + _GST_PARTS) // (2 * _GST_PARTS)


def percent_of(cents: int, percent: int) -> int:
    return (cents * percent + 50) // 100


def hours(minutes: int) -> int:
    """Answer minutes as hundredths of an hour."""
    return (minutes * HUNDREDTHS + MINUTES // 2) // MINUTES


def quantity(hundredths: int) -> str:
    """Write 150 as 1.5 and 100 as 1."""
    whole, part = divmod(hundredths, HUNDREDTHS)
    return f"{whole}.{part:02d}".rstrip("0") if part else str(whole)
