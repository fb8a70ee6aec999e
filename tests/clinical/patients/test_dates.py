from __future__ import annotations

from datetime import date

import pytest

from clinical.patients.dates import read_date

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    "typed",
    ["12/3/80", "12/03/1980", "12.3.1980", "1980-03-12", "12 Mar 1980", " 12031980 ", "120380"],
)
def test_a_date_is_read_in_every_usual_form(typed):
    assert read_date(typed, today=TODAY) == date(1980, 3, 12)


@pytest.mark.parametrize(
    "typed", ["", "31/2/1980", "soon", "12/3", "12/3/80 or 13/3/80", "99999999"]
)
def test_what_is_no_date_is_not_guessed(typed):
    assert read_date(typed, today=TODAY) is None


def test_a_year_of_two_digits_is_never_in_the_future():
    assert read_date("1/1/26", today=TODAY) == date(2026, 1, 1)
    assert read_date("1/1/27", today=TODAY) == date(1927, 1, 1)
