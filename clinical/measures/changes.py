"""What a change means: better or worse, larger than the error of measuring, large enough to matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from clinical.measures.instruments import Instrument


@dataclass(frozen=True)
class Change:
    """`better_by` is positive where the person is better; None of the two flags: nothing is agreed."""

    instrument: Instrument
    before: Decimal
    now: Decimal
    better_by: Decimal
    important: Decimal | None
    detectable: Decimal | None

    @property
    def is_important(self) -> bool:
        return self.important is not None and abs(self.better_by) >= self.important

    @property
    def is_within_error(self) -> bool:
        return self.detectable is not None and 0 < abs(self.better_by) < self.detectable

    @property
    def tone(self) -> str:
        if self.better_by == 0 or not (self.is_important or self.important is None):
            return "neutral"
        return "success" if self.better_by > 0 else "danger"

    @property
    def icon(self) -> str:
        if self.better_by == 0:
            return "equal"
        return "trending-up" if self.better_by > 0 else "trending-down"

    @property
    def short(self) -> str:
        """Such as “improved by 6 points”."""
        if self.better_by == 0:
            return "no change"
        verb = "improved" if self.better_by > 0 else "worse"
        return f"{verb} by {figure(abs(self.better_by), self.instrument)}"

    @property
    def words(self) -> str:
        """Such as “improved by 6 points, more than the minimal important difference of 5”."""
        if self.better_by == 0:
            return self.short
        if self.important is None:
            return f"{self.short}; no minimal important difference is agreed"
        size = abs(self.better_by)
        comparison = (
            "more than"
            if size > self.important
            else "as much as"
            if size == self.important
            else "less than"
        )
        said = f"{self.short}, {comparison} the minimal important difference of {plain(self.important)}"
        if self.is_within_error and self.detectable is not None:
            said += f" and within the error of measuring ({plain(self.detectable)})"
        return said


def change_between(instrument: Instrument, before: Decimal, now: Decimal) -> Change:
    """Compare two scores of one instrument."""
    difference = now - before
    return Change(
        instrument=instrument,
        before=before,
        now=now,
        better_by=difference if instrument.higher_is_better else -difference,
        important=instrument.important.at(before) if instrument.important else None,
        detectable=instrument.detectable.at(before) if instrument.detectable else None,
    )


def plain(value: Decimal) -> str:
    """Write a figure without zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def figure(value: Decimal, instrument: Instrument) -> str:
    """Write a figure with its unit: “6 points”, “12.4 s”, “48 %”."""
    unit = instrument.unit
    if unit == "points" and value == 1:
        unit = "point"
    return plain(value) if unit == "index" else f"{plain(value)} {unit}"
