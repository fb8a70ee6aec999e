"""Days and times as the people at a place read them off the wall, through both changes of the clock.

The practice's own zone is the active one (`practice.middleware`); a location may have another.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone

if TYPE_CHECKING:
    from datetime import tzinfo

    from clinical.practice.models import Location


class LocalTimeError(ValueError):
    """A time that no clock at the place shows on that day, since it is put forward then."""


@cache
def zone_names() -> tuple[str, ...]:
    """Answer the zones to choose from: Australia and New Zealand first, then all others."""
    names = sorted(name for name in available_timezones() if "/" in name)
    near = ("Australia/", "Pacific/Auckland", "Pacific/Norfolk", "Indian/C")
    return tuple(sorted(names, key=lambda name: (not name.startswith(near), name)))


def zone_of(location: Location | None) -> tzinfo:
    """Answer the location's zone, or the practice's where it has none."""
    if location is not None and location.time_zone:
        return ZoneInfo(location.time_zone)
    return timezone.get_current_timezone()


def today_at(zone: tzinfo, now: datetime) -> date:
    return now.astimezone(zone).date()


def day_span(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Answer the first moment of a day and of the next one; 23 or 25 hours apart twice a year."""
    return (
        datetime.combine(day, time(), zone).astimezone(UTC),
        datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC),
    )


def moment_at(day: date, clock: time, zone: tzinfo) -> datetime:
    """Answer the moment when clocks in the zone show this; the first of two in autumn.

    Raises LocalTimeError for the hour that is left out in spring.
    """
    moment = datetime.combine(day, clock, zone)
    if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment.replace(tzinfo=None):
        raise LocalTimeError(
            f"On {day:%-d %B %Y} clocks are put forward and never show {clock:%H:%M}. "
            "Choose a time an hour later."
        )
    return moment.astimezone(UTC)
