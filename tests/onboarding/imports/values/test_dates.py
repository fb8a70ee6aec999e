from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from onboarding.imports.values.dates import (
    at_wall_clock,
    read_date,
    read_minutes,
    read_time,
    split_timestamp,
)

TODAY = date(2026, 11, 21)
SYDNEY = ZoneInfo("Australia/Sydney")


def codes(reading):
    return [issue.code for issue in reading.issues]


@pytest.mark.parametrize(
    ("raw", "order", "expected"),
    [
        ("31/12/2013", "DMY", date(2013, 12, 31)),
        ("12/31/2013", "MDY", date(2013, 12, 31)),
        ("2001-04-01", "DMY", date(2001, 4, 1)),
        ("2001-04-01", "YMD", date(2001, 4, 1)),
        ("01-04-02", "YMD", date(2001, 4, 2)),
        ("31.12.2013", "DMY", date(2013, 12, 31)),
        ("8.01.2019", "DMY", date(2019, 1, 8)),
        ("20131231", "DMY", date(2013, 12, 31)),
        ("3 March 1980", "DMY", date(1980, 3, 3)),
        ("March 3, 1980", "MDY", date(1980, 3, 3)),
        ("3. März 1980", "DMY", date(1980, 3, 3)),
        ("1er janvier 1980", "DMY", None),
        ("1980-02-30", "DMY", None),
        ("not known", "DMY", None),
        ("1/1/0205", "DMY", date(205, 1, 1)),
        ("1/1/205", "DMY", None),
    ],
)
def test_a_date_is_read_in_the_files_order(raw, order, expected):
    assert read_date(raw, order=order, today=TODAY).value == expected


def test_the_sign_for_what_filemaker_could_not_read_is_no_date():
    assert codes(read_date("?", today=TODAY)) == ["date_question"]


def test_day_and_month_the_other_way_round_are_told():
    reading = read_date("31/12/2013", order="MDY", today=TODAY)

    assert (reading.value, codes(reading)) == (date(2013, 12, 31), ["date_order"])


@pytest.mark.parametrize(("raw", "year"), [("1/2/26", 2026), ("1/2/27", 1927), ("1/2/99", 1999)])
def test_a_year_of_two_digits_is_the_latest_that_is_not_ahead(raw, year):
    reading = read_date(raw, today=TODAY)

    assert (reading.value.year, codes(reading)) == (year, ["date_century"])


@pytest.mark.parametrize(
    ("raw", "plausible", "code"),
    [
        ("1/1/2030", "birth", "birth_ahead"),
        ("1/1/0205", "birth", "birth_long_ago"),
        ("1/1/1906", "birth", None),
        ("1/1/1950", "appointment", "date_long_ago"),
        ("1/1/2050", "appointment", "date_far_ahead"),
        ("1/1/2027", "appointment", None),
    ],
)
def test_a_date_that_cannot_be_is_left_out_and_told(raw, plausible, code):
    reading = read_date(raw, today=TODAY, plausible=plausible)

    assert codes(reading) == ([code] if code else [])
    assert (reading.value is None) is (code is not None)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("17:45:00", time(17, 45)),
        ("2:22:27 PM", time(14, 22, 27)),
        ("12:05 am", time(0, 5)),
        ("12:05 pm", time(12, 5)),
        ("9.30", time(9, 30)),
        ("9h30", time(9, 30)),
        ("930", time(9, 30)),
        ("1430", time(14, 30)),
        ("9 Uhr", time(9, 0)),
        ("9:30 p.m.", time(21, 30)),
        ("25:00", None),
        ("soon", None),
    ],
)
def test_a_time_of_day_is_read(raw, expected):
    assert read_time(raw).value == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("7/22/2024 11:08:34.292 PM", ("7/22/2024", "11:08:34.292 PM")),
        ("2024-07-22T11:08:34Z", ("2024-07-22", "11:08:34")),
        ("22/07/2024", ("22/07/2024", "")),
        ("3 March 1980", ("3 March 1980", "")),
    ],
)
def test_a_timestamp_is_parted(raw, expected):
    assert split_timestamp(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("45", 45),
        ("45 min", 45),
        ("1h", 60),
        ("1:30", 90),
        ("0:45:00", 45),
        ("1,5 h", 90),
        ("1 h 15", 75),
        ("0", None),
        ("long", None),
    ],
)
def test_a_length_is_read_in_minutes(raw, expected):
    assert read_minutes(raw).value == expected


def test_a_wall_clock_is_taken_in_the_clinics_zone():
    moment = at_wall_clock(date(2026, 1, 5), time(9, 0), SYDNEY).value

    assert moment.at == datetime(2026, 1, 4, 22, 0, tzinfo=UTC)


def test_an_hour_that_was_skipped_is_moved_on_and_told():
    reading = at_wall_clock(date(2026, 10, 4), time(2, 30), SYDNEY)

    assert reading.value.at.astimezone(SYDNEY).time() == time(3, 30)
    assert codes(reading) == ["clock_gap"]


def test_an_hour_that_came_twice_is_its_first_and_told():
    reading = at_wall_clock(date(2026, 4, 5), time(2, 30), SYDNEY)

    assert reading.value.at == datetime(2026, 4, 4, 15, 30, tzinfo=UTC)
    assert codes(reading) == ["clock_twice"]
