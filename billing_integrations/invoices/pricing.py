"""What a visit is charged as, and what that costs on its day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from billing_integrations.invoices.models import CancellationRule, ItemForType, Price
from clinical.appointments.statuses import TAKES_NO_TIME

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from clinical.appointments.models import Appointment


@dataclass
class PriceBook:
    """The clinic's whole price list, read at once: it is small, and asked for each visit of a list."""

    prices: dict[UUID, list[Price]] = field(default_factory=dict)
    by_type: dict[tuple[UUID, UUID | None], ItemForType] = field(default_factory=dict)

    @classmethod
    def read(cls) -> PriceBook:
        book = cls()
        for price in Price.objects.all():
            book.prices.setdefault(price.item_id, []).append(price)
        for choice in ItemForType.objects.select_related("item"):
            book.by_type[choice.appointment_type_id, choice.funding_type_id] = choice
        return book

    @cached_property
    def rules(self) -> list[CancellationRule]:
        """The fees; read only where a visit did not take place."""
        return list(CancellationRule.objects.filter(is_active=True).select_related("item"))

    def item_of(self, type_id: UUID | None, funding_id: UUID | None) -> ItemForType | None:
        """Answer what a kind of visit is charged as."""
        if type_id is None:
            return None
        own = self.by_type.get((type_id, funding_id)) if funding_id else None
        return own or self.by_type.get((type_id, None))

    def price_of(
        self, item_id: UUID, type_id: UUID | None, funding_id: UUID | None, on: date
    ) -> int | None:
        """Answer the cents of one unit: the price made for this kind and funding, else a wider one."""
        fitting = [
            price
            for price in self.prices.get(item_id, ())
            if price.valid_from <= on
            and (price.valid_to is None or on <= price.valid_to)
            and price.appointment_type_id in {None, type_id}
            and price.funding_type_id in {None, funding_id}
        ]
        if not fitting:
            return None
        best = max(
            fitting,
            key=lambda p: (p.appointment_type_id is not None, p.funding_type_id is not None),
        )
        return best.cents

    def fee_rule(self, visit: Appointment, funding_id: UUID | None) -> CancellationRule | None:
        """Answer the rule by which a visit that did not take place is charged; the narrowest."""
        fitting = [
            rule
            for rule in self.rules
            if rule.applies_to == visit.status
            and rule.appointment_type_id in {None, visit.appointment_type_id}
            and rule.funding_type_id in {None, funding_id}
            and _is_late_enough(visit, rule.within_hours)
        ]
        return max(
            fitting,
            key=lambda rule: (
                rule.appointment_type_id is not None,
                rule.funding_type_id is not None,
                -(rule.within_hours or 0),
            ),
            default=None,
        )


def _is_late_enough(visit: Appointment, within_hours: int | None) -> bool:
    if within_hours is None or visit.status not in TAKES_NO_TIME:
        return True
    try:
        given_up = datetime.fromisoformat(visit.status_times.get(visit.status, ""))
    except ValueError:
        return False  # nobody knows when: a person decides without the rule
    return visit.starts_at - given_up <= timedelta(hours=within_hours)
