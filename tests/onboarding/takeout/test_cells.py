"""Values as cells that no spreadsheet runs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.takeout.cells import cell_of
from ui.spreadsheets import safe_text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (-5, "-5"),
        (date(2026, 11, 21), "2026-11-21"),
        (
            datetime(2026, 11, 21, 10, tzinfo=timezone(timedelta(hours=10))),
            "2026-11-21T00:00:00+00:00",
        ),
        (datetime(2026, 11, 21, tzinfo=UTC), "2026-11-21T00:00:00+00:00"),
        ({"b": "ü", "a": 1}, '{"a": 1, "b": "ü"}'),
        (b"\x00\xff", "00ff"),
        ("Ada", "Ada"),
        ("=1+1", "'=1+1"),
        ("+61 412 345 678", "'+61 412 345 678"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\uff1d1", "'\uff1d1"),
        ("'=1", "''=1"),
        ("'tis", "'tis"),
    ],
)
def test_a_value_is_written_so(value, cell):
    assert cell_of(value) == cell


@given(st.text(alphabet="'=+-@a\t\r\n\uff1d ", max_size=8))
def test_the_text_comes_back_by_taking_one_apostrophe_away(text):
    cell = safe_text(text)

    back = cell[1:] if re.match("'+[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]", cell) else cell
    assert back == text
    assert not re.match("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]", cell)
