"""When a clinician is there and has nothing else: the times that can be offered on the phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from clinical.appointments.models import Appointment
from clinical.appointments.selectors import LONGEST, LONGEST_AROUND
from clinical.appointments.statuses import TAKES_NO_TIME
from clinical.practice.clock import LocalTimeError, moment_at, zone_of
from clinical.practice.selectors import roster_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, tzinfo
    from uuid import UUID

    from clinical.practice.models import Location, Practitioner, RosterHours

OFFERED = 12
A_DAY = 3
"""No more of one clinician's day are offered, so that other days are seen too."""
DAYS_AHEAD = 28
STEP = timedelta(minutes=15)

Busy = list[tuple[datetime, datetime]]


@dataclass(frozen=True)
class Wanted:
    """What a time is looked for: minutes of the visit, and of the clinician before and after it."""

    minutes: int
    before: int = 0
    after: int = 0
    practitioner: Practitioner | None = None
    location: Location | None = None


@dataclass(frozen=True)
class Opening:
    """A free time, as the clocks at its place show it."""

    practitioner: Practitioner
    location: Location | None
    starts: datetime


def free_times(wanted: Wanted, *, first: date, now: datetime) -> list[Opening]:
    """Answer the next times within the rosters, at most OFFERED within DAYS_AHEAD, soonest first.

    Times that are over are none. What needs time before or after a visit counts on both sides.
    """
    roster = roster_of(wanted.location, wanted.practitioner.pk if wanted.practitioner else None)
    hours = list(roster.select_related("practitioner", "location"))
    if not hours:
        return []
    zone = zone_of(wanted.location)
    taken = _taken(hours, moment_at(first, datetime.min.time(), zone))
    found: list[Opening] = []
    for number in range(DAYS_AHEAD):
        day = first + timedelta(days=number)
        that_day = [
            opening
            for span in hours
            if span.weekday == day.weekday()
            for opening in _of_span(span, day, wanted, taken.get(span.practitioner_id, []), now)
        ]
        found += _few_of_each(sorted(that_day, key=lambda one: one.starts))
        if len(found) >= OFFERED:
            break
    return found[:OFFERED]


def _taken(hours: Sequence[RosterHours], start: datetime) -> dict[UUID, Busy]:
    """Answer what each clinician is busy with, buffers and travel included, in one query."""
    rows = Appointment.objects.filter(
        practitioner__in={span.practitioner_id for span in hours},
        group__isnull=True,
        starts_at__gte=start - LONGEST - LONGEST_AROUND,
        starts_at__lt=start + timedelta(days=DAYS_AHEAD + 1),
    ).exclude(status__in=TAKES_NO_TIME)
    busy: dict[UUID, Busy] = {}
    for row in rows:
        if row.practitioner_id:
            busy.setdefault(row.practitioner_id, []).append((row.busy_from, row.busy_until))
    return busy


def _of_span(
    span: RosterHours, day: date, wanted: Wanted, taken: Busy, now: datetime
) -> Iterator[Opening]:
    place = span.location or wanted.location
    zone: tzinfo = zone_of(place)
    clock = datetime.combine(day, span.starts)
    last = datetime.combine(day, span.ends) - timedelta(minutes=wanted.minutes)
    while clock <= last:
        try:
            start = moment_at(day, clock.time(), zone)
        except LocalTimeError:
            clock += STEP
            continue
        begin = start - timedelta(minutes=wanted.before)
        end = start + timedelta(minutes=wanted.minutes + wanted.after)
        if start > now and all(end <= one or begin >= other for one, other in taken):
            yield Opening(span.practitioner, place, start.astimezone(zone))
        clock += STEP


def _few_of_each(openings: Sequence[Opening]) -> list[Opening]:
    """Spread what is offered: of each clinician's day the first, one in the middle and the last."""
    kept: list[Opening] = []
    of_whom: dict[UUID, list[Opening]] = {}
    for opening in openings:
        of_whom.setdefault(opening.practitioner.pk, []).append(opening)
    for one in of_whom.values():
        places = {round(number * (len(one) - 1) / (A_DAY - 1)) for number in range(A_DAY)}
        kept += [one[place] for place in sorted(places)]
    return sorted(kept, key=lambda opening: opening.starts)
