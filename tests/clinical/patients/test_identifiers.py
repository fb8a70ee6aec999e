from __future__ import annotations

import pytest

from clinical.patients.identifiers import (
    explain_identifier,
    is_valid_identifier,
    normalise_identifier,
)


def test_spaces_and_marks_do_not_count():
    assert normalise_identifier("2123 45670-1") == "2123456701"
    assert normalise_identifier("nx 123456a") == "NX123456A"


@pytest.mark.parametrize(
    ("kind", "value", "valid"),
    [
        ("medicare", "2123 45670 1", True),
        ("medicare", "2123 45670 1/2", True),
        ("medicare", "2123 45671 1", False),
        ("medicare", "7123 45670 1", False),
        ("medicare", "2123", False),
        ("ndis", "430 123 456", True),
        ("ndis", "530 123 456", False),
        ("dva", "NX123456", True),
        ("dva", "NXX123456", False),
        ("dva", "VXX1234A", True),
        ("dva", "XX12345", False),
        ("health", "8003 6012 3456 7892", False),
        ("other", "anything", None),
        ("medicare", "", None),
    ],
)
def test_check_digits_mark_numbers_that_cannot_exist(kind, value, valid):
    assert is_valid_identifier(kind, value) is valid


def test_exactly_one_check_digit_fits_a_healthcare_identifier():
    fitting = [d for d in range(10) if is_valid_identifier("health", f"800360123456789{d}")]

    assert len(fitting) == 1


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("medicare", "2123456701", ""),
        ("medicare", "2123456711", "two figures may be swapped"),
        ("medicare", "9123456701", "from 2 to 6"),
        ("medicare", "21234", "10 digits"),
        ("ndis", "123456789", "begins with 43"),
        ("dva", "AX123456", "state's letter"),
        ("health", "8003601234567890", "two figures may be swapped"),
        ("other", "x", ""),
    ],
)
def test_what_is_wrong_with_a_number_is_said_in_words(kind, value, said):
    explained = explain_identifier(kind, value)

    assert said in explained
    assert bool(said) == bool(explained)
