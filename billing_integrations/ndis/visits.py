"""What a visit would be charged as under the NDIS, before there is an invoice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing_integrations.invoices.models import Unit
from billing_integrations.invoices.money import hours, line_total
from billing_integrations.invoices.pricing import PriceBook
from billing_integrations.ndis.price_files import ITEM_NUMBER
from clinical.practice.clock import zone_of

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from clinical.appointments.models import Appointment


@dataclass(frozen=True)
class PricedVisit:
    """A support item with quantity and price."""

    code: str
    quantity_hundredths: int
    unit_cents: int

    @property
    def category(self) -> str:
        return category_of(self.code)

    @property
    def total_cents(self) -> int:
        return line_total(self.quantity_hundredths, self.unit_cents)


@dataclass(frozen=True)
class VisitPrices:
    """The clinic's price list, asked for visits."""

    book: PriceBook

    @classmethod
    def read(cls) -> VisitPrices:
        return cls(PriceBook.read())

    def price(self, visit: Appointment) -> PricedVisit | None:
        """Answer the support item of a visit with its patient; None where it is none, or has no price."""
        funding_id = visit.patient.funding_type_id if visit.patient else None
        minutes = int((visit.ends_at - visit.starts_at).total_seconds() // 60)
        return self.price_of(visit.appointment_type_id, funding_id, minutes, day_of(visit))

    def price_of(
        self, type_id: UUID | None, funding_id: UUID | None, minutes: int, on: date
    ) -> PricedVisit | None:
        choice = self.book.item_of(type_id, funding_id)
        if choice is None:
            return None
        item = choice.item
        cents = self.book.price_of(item.pk, type_id, funding_id, on)
        if cents is None or not category_of(item.code):
            return None
        by_hour = item.unit == Unit.HOUR
        return PricedVisit(
            item.code, hours(minutes) if by_hour else choice.quantity_hundredths, cents
        )


def category_of(code: str) -> str:
    """Answer the support category of a support item number; nothing where it is none."""
    return code[:2] if ITEM_NUMBER.fullmatch(code) else ""


def day_of(visit: Appointment) -> date:
    """Answer the day of a visit as the clocks at its place have it."""
    return visit.starts_at.astimezone(zone_of(visit.location)).date()
