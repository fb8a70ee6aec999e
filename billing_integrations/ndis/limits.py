"""Look-up of price limits: by item, by day, by region."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from billing_integrations.ndis.models import (
    DEFAULT_REGION,
    LocationRegion,
    NdisSettings,
    PriceList,
    SupportItem,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from uuid import UUID


@dataclass(frozen=True)
class RegionBook:
    """The price region of each location."""

    usual: str
    by_location: dict[UUID, str]

    @classmethod
    def read(cls) -> RegionBook:
        own = NdisSettings.objects.values_list("region", flat=True).first()
        return cls(
            own or DEFAULT_REGION, dict(LocationRegion.objects.values_list("location", "region"))
        )

    def region_of(self, location_id: UUID | None) -> str:
        return self.by_location.get(location_id, self.usual) if location_id else self.usual


@dataclass(frozen=True)
class Limit:
    """What an item may cost on a day in a region; without `cents` there is no limit."""

    item: SupportItem
    cents: int | None

    def allows(self, claim_type: str) -> bool:
        """Answer whether the item may be claimed this way; a direct service always."""
        return not claim_type or claim_type in self.item.claim_types


@dataclass(frozen=True)
class LimitBook:
    """The lists in use, the latest first, and what they say of some items: read at once."""

    lists: list[PriceList]
    items: dict[str, list[SupportItem]] = field(default_factory=dict)

    @classmethod
    def of(cls, numbers: Iterable[str]) -> LimitBook:
        wanted = {number for number in numbers if number}
        lists = list(PriceList.objects.filter(state=PriceList.State.IN_USE))
        book = cls(sorted(lists, key=lambda one: one.valid_from, reverse=True))
        if wanted and lists:
            found = SupportItem.objects.filter(number__in=wanted, price_list__in=lists)
            for item in found.order_by("-starts_on"):
                book.items.setdefault(item.number, []).append(item)
        return book

    def list_at(self, day: date) -> PriceList | None:
        """Answer the list that holds on a day: of those that began by then, the last."""
        return next((one for one in self.lists if one.valid_from <= day), None)

    def limit_at(self, number: str, day: date, region: str) -> Limit | None:
        """Answer what the list of the day says of an item; None where it does not have it."""
        current = self.list_at(day)
        if current is None:
            return None
        for item in self.items.get(number, ()):
            is_current = item.starts_on <= day and (item.ends_on is None or day <= item.ends_on)
            if item.price_list_id == current.pk and is_current:
                return Limit(item, item.prices.get(region))
        return None
