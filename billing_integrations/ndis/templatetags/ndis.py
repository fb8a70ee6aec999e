"""How claims and price lists are written on screen."""

from __future__ import annotations

from django import template

from billing_integrations.ndis.models import ClaimBatch, ClaimLine
from billing_integrations.ndis.quantities import quantity_text
from billing_integrations.ndis.regions import Region

register = template.Library()

_BATCH_TONES = {
    ClaimBatch.State.READY: "info",
    ClaimBatch.State.SENT: "warning",
    ClaimBatch.State.ANSWERED: "success",
    ClaimBatch.State.WITHDRAWN: "neutral",
}
_CLAIM_TONES = {
    ClaimLine.State.WAITING: "neutral",
    ClaimLine.State.PAID: "success",
    ClaimLine.State.REJECTED: "danger",
    ClaimLine.State.WITHDRAWN: "neutral",
}
_COLUMNS = {
    "number": "Number", "name": "Name", "registration_group": "Registration group",
    "registration_group_name": "Name of the registration group", "category": "Support category",
    "category_name": "Name of the support category", "unit": "Unit", "quote": "Quote",
    "starts_on": "Starts", "ends_on": "Ends", "NF2F": "Non-face-to-face", "TRAN": "Provider travel",
    "CANC": "Short notice cancellation", "REPW": "NDIA-requested report",
    "IRSS": "Irregular SIL supports", "THLT": "Telehealth",
}  # fmt: skip


@register.filter
def batch_tone(state: str) -> str:
    return _BATCH_TONES[ClaimBatch.State(state)]


@register.filter
def claim_tone(state: str) -> str:
    return _CLAIM_TONES[ClaimLine.State(state)]


@register.filter
def hundredths(value: int) -> str:
    try:
        return quantity_text(value)
    except ValueError:
        return f"{value / 100:,.2f}"


@register.filter
def lines_word(number: int) -> str:
    return f"{number:,} line{'' if number == 1 else 's'}"


@register.filter
def column_label(field: str) -> str:
    if field in Region.values:
        return str(Region(field).label)
    return _COLUMNS.get(field, field)
