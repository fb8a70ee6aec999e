"""A measure's course as a drawing: where each point, band and word stands; the template writes the SVG."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from clinical.measures.changes import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clinical.measures.instruments import Instrument
    from clinical.measures.selectors import Course

FULL_RANGE_UNITS = frozenset({"points", "%"})
MOST_TICKS = 6
DAY_LABEL_WIDTH = 62
LABEL_ROOM = 132
TONE_FILL = {
    "success": "#d5ecdd",
    "info": "#dde9f8",
    "warning": "#fbe8c8",
    "danger": "#f8d9d9",
    "neutral": "#edf0f3",
}
"""For the PDF, which knows no stylesheet; on screen the stylesheet's own colours are over it."""


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    label: str
    label_y: float
    day: date
    by_patient: bool


@dataclass(frozen=True)
class Area:
    """A band of scores, from top to bottom."""

    y: float
    height: float
    label: str
    label_y: float
    tone: str
    fill: str


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    width: int
    height: int
    left: int
    top: int
    right: int
    bottom: int
    points: tuple[Point, ...]
    areas: tuple[Area, ...]
    ticks: tuple[Tick, ...]
    days: tuple[Tick, ...]
    unit: str
    path: str
    direction: str
    caption: str = field(default="")

    @property
    def inner_width(self) -> int:
        return self.right - self.left

    @property
    def anchor_x(self) -> int:
        return self.right - 6


def chart_of(course: Course) -> Chart:
    """Draw a course at the size of a page."""
    return _draw(course, width=760, height=300, margins=(46, 18, 14, 34))


def sparkline_of(course: Course) -> Chart:
    """Draw a course in the size of a word: no axes."""
    return _draw(course, width=320, height=72, margins=(2, 8, 2, 8))


def _draw(course: Course, *, width: int, height: int, margins: tuple[int, int, int, int]) -> Chart:
    left, top, margin_right, margin_bottom = margins
    right, bottom = width - margin_right, height - margin_bottom
    instrument = course.instrument
    lowest, highest, step = _span(instrument, [float(one.score) for one in course.taken])

    def _y(value: float) -> float:
        share = (value - lowest) / (highest - lowest)
        return round(bottom - share * (bottom - top), 1)

    days = [one.assessment.taken_on for one in course.taken]
    # The words for the bands stand at the right edge of a large chart, clear of the last point.
    room = LABEL_ROOM if instrument.bands and width > LABEL_ROOM * 4 else 16
    xs = _across(days, left + 16, right - room)
    points = tuple(
        Point(
            x=x,
            y=_y(float(one.score)),
            label=plain(one.score),
            label_y=_label_y(_y(float(one.score)), top),
            day=one.assessment.taken_on,
            by_patient=one.assessment.by_patient,
        )
        for x, one in zip(xs, course.taken, strict=True)
    )
    count = round((highest - lowest) / step)
    return Chart(
        width=width,
        height=height,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        points=points,
        areas=tuple(_areas(instrument, lowest, highest, _y)),
        ticks=tuple(
            Tick(_y(lowest + n * step), plain(Decimal(str(round(lowest + n * step, 6)))))
            for n in range(count + 1)
        ),
        days=tuple(_day_labels(xs, days)),
        unit=instrument.unit if instrument.unit not in {"points", "index"} else "",
        path=" ".join(f"{point.x},{point.y}" for point in points),
        direction="Higher is better" if instrument.higher_is_better else "Lower is better",
        caption=_caption(course),
    )


def _span(instrument: Instrument, values: Sequence[float]) -> tuple[float, float, float]:
    """Answer where the axis begins and ends, and its step: the whole scale where that is readable."""
    if instrument.unit in FULL_RANGE_UNITS:
        lowest, highest = float(instrument.minimum), float(instrument.maximum)
    else:
        edges = [float(band.lowest) for band in instrument.bands[1:]]
        lowest, highest = min([*values, *edges]), max([*values, *edges])
        room = max((highest - lowest) * 0.15, abs(highest) * 0.05, 0.01)
        lowest = min(max(lowest - room, float(instrument.minimum)), lowest)
        highest = max(min(highest + room, float(instrument.maximum)), highest)
    step = _nice_step((highest - lowest) / MOST_TICKS)
    return floor(lowest / step + 1e-9) * step, ceil(highest / step - 1e-9) * step, step


def _nice_step(rough: float) -> float:
    power = 10.0 ** floor(log10(rough))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough - 1e-12)


def _across(days: Sequence[date], left: float, right: float) -> list[float]:
    """Place days by the calendar; those of one day side by side."""
    span = (days[-1] - days[0]).days
    if len(days) == 1:
        return [round((left + right) / 2, 1)]
    if span == 0:
        return [round(left + (right - left) * n / (len(days) - 1), 1) for n in range(len(days))]
    return [round(left + (right - left) * (day - days[0]).days / span, 1) for day in days]


def _label_y(y: float, top: float) -> float:
    return y - 11 if y - 22 > top else y + 21


def _areas(instrument: Instrument, lowest: float, highest: float, y_of: object) -> list[Area]:
    found = []
    edges = [float(band.lowest) for band in instrument.bands[1:]] + [highest]
    for band, end in zip(instrument.bands, edges, strict=True) if instrument.bands else ():
        begin = max(float(band.lowest), lowest)
        end = min(end, highest)  # noqa: PLW2901 - cut to what the axis shows
        if begin >= end:
            continue
        upper, lower = y_of(end), y_of(begin)  # type: ignore[operator]
        found.append(
            Area(
                y=upper,
                height=round(lower - upper, 1),
                label=band.label if lower - upper >= 15 else "",  # noqa: PLR2004 - a line of text
                label_y=round(upper + 13, 1),
                tone=band.tone,
                fill=TONE_FILL[band.tone],
            )
        )
    return found


def _day_labels(xs: Sequence[float], days: Sequence[date]) -> list[Tick]:
    """Name the first and the last day, and those between that have room."""
    shown: list[Tick] = []
    last = xs[-1]
    for n, (x, day) in enumerate(zip(xs, days, strict=True)):
        is_last = n == len(xs) - 1
        has_room = not shown or x - shown[-1].at >= DAY_LABEL_WIDTH
        if has_room and (is_last or last - x >= DAY_LABEL_WIDTH or n == 0):
            shown.append(Tick(x, f"{day:%-d %b %y}"))
    return shown


def _caption(course: Course) -> str:
    said = [
        f"{plain(one.score)} on {one.assessment.taken_on:%-d %B %Y}"
        + (f" ({one.band.label.lower()})" if one.band else "")
        for one in course.taken
    ]
    return f"{course.instrument.short}: {', '.join(said)}."
