"""What is wrong with NDIS lines of a draft, said before the invoice goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing_integrations.ndis.funds import plan_at
from billing_integrations.ndis.limits import LimitBook, RegionBook
from billing_integrations.ndis.visits import category_of
from clinical.funding.models import NdisPlan
from ui.wording import money

if TYPE_CHECKING:
    from datetime import date

    from billing_integrations.invoices.models import Invoice


def warnings_of_draft(invoice: Invoice) -> list[str]:
    """Answer, for people, prices above the NDIA's limits and days that no plan covers."""
    lines = [line for line in invoice.lines.all() if category_of(line.code) and line.service_date]
    if not lines:
        return []
    limits, regions = LimitBook.of(line.code for line in lines), RegionBook.read()
    plans = list(NdisPlan.objects.filter(patient=invoice.patient_id))
    found = []
    for line in lines:
        day = line.service_date
        assert day is not None  # noqa: S101 - for the type checker
        if plan_at(plans, day) is None:
            found.append(f"No NDIS plan covers {_day(day)}.")
        if limits.list_at(day) is None:
            continue
        limit = limits.limit_at(
            line.code, day, regions.region_of(line.location_id or invoice.location_id)
        )
        if limit is None:
            found.append(f"{line.code} is not in the NDIA's price limits of {_day(day)}.")
        elif limit.cents is not None and line.unit_cents > limit.cents:
            found.append(
                f"{line.code}: {money(line.unit_cents)} is above the NDIA's limit of "
                f"{money(limit.cents)}."
            )
    return list(dict.fromkeys(found))


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
