"""What a new price list would change against the one that holds on its first day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing_integrations.ndis.limits import LimitBook
from billing_integrations.ndis.regions import Region

if TYPE_CHECKING:
    from datetime import date

    from billing_integrations.ndis.models import PriceList

SHOWN = 30


@dataclass(frozen=True)
class PriceChange:
    """An item whose limit moves, in the region where it moves most."""

    number: str
    name: str
    region: str
    before_cents: int | None
    after_cents: int | None


@dataclass(frozen=True)
class Changes:
    """New items, items that are gone, prices that move; `against` is None for a first list."""

    against: PriceList | None
    new: int
    gone: int
    moved: list[PriceChange]

    @property
    def shown(self) -> list[PriceChange]:
        return self.moved[:SHOWN]

    @property
    def not_shown(self) -> int:
        return max(len(self.moved) - SHOWN, 0)


def changes_of(price_list: PriceList) -> Changes:
    """Answer what would change: two queries, whatever the length."""
    day = price_list.valid_from
    against = LimitBook.of(()).list_at(day)
    after = _current(price_list, day)
    before = _current(against, day) if against else {}
    moved = [
        _moved(number, after[number], before[number])
        for number in sorted(after.keys() & before.keys())
        if after[number][1] != before[number][1]
    ]
    return Changes(
        against, len(after.keys() - before.keys()), len(before.keys() - after.keys()), moved
    )


def _current(price_list: PriceList, day: date) -> dict[str, tuple[str, dict[str, int]]]:
    found: dict[str, tuple[str, dict[str, int]]] = {}
    for item in price_list.items.order_by("number", "-starts_on"):
        if item.starts_on <= day and (item.ends_on is None or day <= item.ends_on):
            found.setdefault(item.number, (item.name, item.prices))
    return found


def _moved(
    number: str, after: tuple[str, dict[str, int]], before: tuple[str, dict[str, int]]
) -> PriceChange:
    name, prices = after
    old = before[1]

    def distance(region: str) -> int:
        if (region in prices) != (region in old):
            return 10**12
        return abs(prices.get(region, 0) - old.get(region, 0))

    region = max(Region.values, key=distance)
    return PriceChange(number, name, str(Region(region).label), old.get(region), prices.get(region))
