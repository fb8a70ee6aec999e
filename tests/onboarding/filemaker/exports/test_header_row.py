from __future__ import annotations

import pytest

from onboarding.filemaker.exports.header_row import guess_header

RECORD = ["1", "Anna", "25/12/1980"]


@pytest.mark.parametrize(
    ("rows", "has_header", "is_certain"),
    [
        ([["ID", "Name", "DOB"], RECORD], True, True),
        ([RECORD, RECORD], False, True),
        ([["Anna", "", "Lee"], ["Bob", "x", "Roe"]], False, True),
        ([["Anna", "Anna"], ["Bob", "Roe"]], False, True),
        ([["Name", "Visits::Fee"], ["Anna", "none"]], True, True),
        ([["First Name", "Last Name"], ["Anna", "Lee"]], True, False),
        ([["Anna", "Lee"], ["Bob", "Roe"]], False, False),
        ([["Anna Lee", "anna@example.org"]], False, True),
        ([], False, True),
    ],
)
def test_the_first_row_is_judged_by_the_others(rows, has_header, is_certain):
    guess = guess_header(rows)

    assert (guess.has_header, guess.is_certain) == (has_header, is_certain)
    assert guess.reason


def test_a_merge_file_has_names_whatever_they_look_like():
    assert guess_header([["1", "2"]], is_merge=True).has_header is True
