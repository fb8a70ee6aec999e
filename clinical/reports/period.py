"""What a report is about: which days, where and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from clinical.practice.clock import day_span, zone_of

if TYPE_CHECKING:
    from datetime import date, datetime

    from clinical.practice.models import Location, Practitioner

LONGEST_DAYS = 366


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both included, on the clocks of the location or the practice."""

    first: date
    last: date
    location: Location | None = None
    practitioner: Practitioner | None = None

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The first moment of the period and the first one after it."""
        zone = zone_of(self.location)
        return day_span(self.first, zone)[0], day_span(self.last, zone)[1]

    @property
    def days(self) -> list[date]:
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=number) for number in range(count)]

    @property
    def words(self) -> str:
        where = f", {self.location.name}" if self.location else ""
        whom = f", {self.practitioner.name}" if self.practitioner else ""
        return f"{self.first:%-d %b %Y} to {self.last:%-d %b %Y}{where}{whom}"
