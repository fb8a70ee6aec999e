from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from clinical.practice.clock import (
    LocalTimeError,
    day_span,
    moment_at,
    today_at,
    zone_names,
    zone_of,
)
from clinical.practice.models import Location

SYDNEY = ZoneInfo("Australia/Sydney")
PERTH = ZoneInfo("Australia/Perth")
SPRING = date(2026, 10, 4)
"""Clocks in Sydney go from 2:00 to 3:00."""
AUTUMN = date(2027, 4, 4)
"""Clocks in Sydney go from 3:00 back to 2:00."""


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 11, 21), 24), (SPRING, 23), (AUTUMN, 25)])
def test_a_day_lasts_as_long_as_the_clocks_say(day, hours):
    start, end = day_span(day, SYDNEY)

    assert end - start == timedelta(hours=hours)
    assert start.astimezone(SYDNEY).time() == time()


def test_a_time_is_read_on_the_clocks_of_the_place():
    assert moment_at(date(2026, 11, 21), time(9), SYDNEY) == datetime(2026, 11, 20, 22, tzinfo=UTC)
    assert moment_at(date(2026, 11, 21), time(9), PERTH) == datetime(2026, 11, 21, 1, tzinfo=UTC)


def test_an_hour_that_no_clock_shows_is_refused_in_words():
    with pytest.raises(LocalTimeError, match="4 October 2026 clocks are put forward"):
        moment_at(SPRING, time(2, 30), SYDNEY)


def test_of_an_hour_that_comes_twice_the_first_is_meant():
    assert moment_at(AUTUMN, time(2, 30), SYDNEY) == datetime(2027, 4, 3, 15, 30, tzinfo=UTC)


def test_a_location_may_have_its_own_zone():
    with timezone.override(SYDNEY):
        assert zone_of(Location(name="Perth", time_zone="Australia/Perth")) == PERTH
        assert zone_of(Location(name="Near")) == SYDNEY
        assert zone_of(None) == SYDNEY


def test_today_is_the_places_own():
    late = datetime(2026, 11, 20, 14, tzinfo=UTC)

    assert today_at(SYDNEY, late) == date(2026, 11, 21)
    assert today_at(PERTH, late) == date(2026, 11, 20)


def test_australian_zones_are_offered_first():
    assert zone_names()[0].startswith("Australia/")
    assert "Europe/London" in zone_names()
