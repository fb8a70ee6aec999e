from __future__ import annotations

import pytest

from onboarding.filemaker.exports.date_order import DateEvidence, locale_of_formats


@pytest.mark.parametrize(
    ("texts", "order", "is_open"),
    [
        (["25/12/1980", "3/4/2024"], "DMY", False),
        (["12/25/1980", "3/4/2024"], "MDY", False),
        (["1980-12-25"], "YMD", False),
        (["1980-12-25", "25.12.1980"], "DMY", False),
        (["3/4/2024"], None, True),
        (["1980-12-25", "3/4/2024"], None, True),
        (["25/12/1980", "12/25/1980"], None, False),
        (["0412345678", "12 Main St", "1.5", ""], None, False),
    ],
)
def test_dates_tell_the_order_they_are_written_in(texts, order, is_open):
    evidence = DateEvidence()

    for text in texts:
        evidence.take(text)

    assert (evidence.order, evidence.is_open) == (order, is_open)


@pytest.mark.parametrize(
    ("date_format", "order", "separator"),
    [
        ("D/m/yyyy", "DMY", "/"),
        ("MM/dd/yy", "MDY", "/"),
        ("D.m.yyyy", "DMY", "."),
        ("yyyy/MM/dd", "YMD", "/"),
    ],
)
def test_the_formats_of_an_export_are_read(date_format, order, separator):
    locale = locale_of_formats(date_format, "k:mm:ss ")

    assert (locale.date_order, locale.date_separator, locale.am) == (order, separator, "")


@pytest.mark.parametrize("date_format", ["", "what?", "d/d/d", "dd/MM"])
def test_a_format_that_says_nothing_is_none(date_format):
    assert locale_of_formats(date_format, "") is None
