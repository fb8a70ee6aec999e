"""Numbers without gaps: the series is locked until the transaction that took one has ended."""

from __future__ import annotations

from billing_integrations.invoices.models import BillingDetails, NumberSeries

_PREFIXES = {NumberSeries.Kind.CREDIT_NOTE: "CN-", NumberSeries.Kind.RECEIPT: "R-"}
DIGITS = 6


def take_number(kind: str, details: BillingDetails) -> tuple[int, str]:
    """Answer the next serial and number of a series. Take it last: everybody else waits for it."""
    NumberSeries.objects.get_or_create(kind=kind)
    series = NumberSeries.objects.select_for_update().get(kind=kind)
    series.last_serial += 1
    series.save(update_fields=["last_serial"])
    prefix = _PREFIXES.get(NumberSeries.Kind(kind), details.invoice_prefix)
    return series.last_serial, f"{prefix}{series.last_serial:0{DIGITS}d}"


def billing_details() -> BillingDetails:
    """Answer the clinic's details, or what holds until somebody has set them."""
    return BillingDetails.objects.first() or BillingDetails()
