from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from ui import wording

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Amelia Brandt", "AB"),
        ("Brandt, Amelia", "BA"),
        ("Joan (Joanie) Featherstonehaugh-Smythe", "JF"),
        ("Ólöf", "Ó"),
        ("", "?"),
        ("—", "?"),
    ],
)
def test_initials_are_of_the_first_and_the_last_word(name: str, letters: str) -> None:
    assert wording.initials(name) == letters


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2123456701", "••••• 701"),
        ("21", "•••••"),
        ("123456", "•••••"),
        ("", ""),
        (None, ""),
    ],
)
def test_masking_shows_the_end_of_long_values_only(value: str | None, shown: str) -> None:
    assert wording.masked(value) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 B"), (734, "734 B"), (12_400, "12 kB"), (3_440_000, "3.4 MB"), (734_003_200, "734 MB")],
)
def test_sizes_are_written_as_people_say_them(size: int, shown: str) -> None:
    assert wording.file_size(size) == shown


@pytest.mark.parametrize(
    ("earlier", "shown"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=7), "7 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=2), "2 d ago"),
        (timedelta(days=60), "22 Sep 2026"),
    ],
)
def test_the_past_is_told_by_its_distance(earlier: timedelta, shown: str) -> None:
    assert wording.ago(NOW - earlier, NOW) == shown


def test_a_moment_is_told_in_the_clinics_zone() -> None:
    with timezone.override("Australia/Sydney"):
        assert wording.moment(NOW) == "21 Nov 2026, 2:00 pm"
        assert wording.zoned(NOW) == "Saturday 21 November 2026, 2:00 pm AEDT"


def test_a_date_is_not_moved_between_zones() -> None:
    with timezone.override("Pacific/Auckland"):
        assert wording.moment(date(1987, 3, 12), "date") == "12 Mar 1987"


@pytest.mark.parametrize(
    ("cents", "shown"), [(12345, "$123.45"), (-5, f"{wording.MINUS}$0.05"), (100000, "$1,000.00")]
)
def test_money_is_kept_in_cents(cents: int, shown: str) -> None:
    assert wording.money(cents) == shown


def test_a_name_has_one_colour_everywhere() -> None:
    assert wording.hue_of("Amelia Brandt") == wording.hue_of(" amelia brandt ")
    assert 0 <= wording.hue_of("") < wording.HUES
