from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.imports.values.numbers import read_digits, read_number, to_cents


@pytest.mark.parametrize(
    ("text", "sign", "number"),
    [
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("$12.50", ".", "12.50"),
        ("-3", ".", "-3"),
        ("1 234", ".", "1234"),
        ("1'234.50", ".", "1234.50"),
        ("12,50 €", ",", "12.50"),
        (".5", ".", "0.5"),
    ],
)
def test_a_number_is_read_in_the_files_own_way(text, sign, number):
    assert read_number(text, decimal_sign=sign).value == Decimal(number)


@pytest.mark.parametrize(
    "text", ["50+", "12-14", "ca. 5", "1.2.3", "NaN", "Infinity", "٣", "9" * 50]
)
def test_what_is_no_plain_number_is_told_and_not_guessed(text):
    reading = read_number(text)

    assert reading.value is None
    assert [issue.code for issue in reading.issues] == ["number_words"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("50+", "50"), ("ca. 5.5 kg", "5.5"), ("12-14", "1214"), ("minus -3", "-3"), ("none", None)],
)
def test_digits_are_taken_wherever_they_stand_and_that_is_told(text, number):
    reading = read_digits(text)

    assert reading.value == (None if number is None else Decimal(number))
    assert reading.issues


def test_a_fraction_of_a_cent_is_told():
    assert to_cents(Decimal("0.1")).value == 10
    assert [issue.code for issue in to_cents(Decimal("0.005")).issues] == ["cents_rounded"]


@given(st.text(max_size=80), st.sampled_from([".", ","]))
def test_no_text_raises(text, sign):
    read_number(text, decimal_sign=sign)
    read_digits(text, decimal_sign=sign)


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=2
    )
)
def test_every_number_comes_back_as_it_was(number):
    assert read_number(str(number)).value == number
    assert read_number(str(number).replace(".", ","), decimal_sign=",").value == number
