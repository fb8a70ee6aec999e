from __future__ import annotations

import pytest

from clinical.patients.contacts import (
    format_phone,
    looks_like_phone,
    normalise_contact,
    normalise_phone,
)


@pytest.mark.parametrize(
    "typed",
    [
        "0412345678",
        "0412 345 678",
        "(0412) 345-678",
        "+61 412 345 678",
        "+61 (0)412 345 678",
        "+61 0412 345 678",
        "61412345678",
        "0061 412 345 678",
        "0011 61 412 345 678",
        "412345678",
        "0412.345.678 ext 12",
    ],
)
def test_every_way_to_write_a_mobile_number_compares_equal(typed):
    assert normalise_phone(typed) == "0412345678"


@pytest.mark.parametrize(
    ("typed", "normalised"),
    [
        ("+64 21 234 567", "+6421234567"),
        ("9876 5432", "98765432"),
        ("13 14 50", "131450"),
        ("1300 123 456", "1300123456"),
        ("02 9876 5432", "0298765432"),
        ("n/a", ""),
        ("", ""),
    ],
)
def test_other_numbers_keep_what_they_are(typed, normalised):
    assert normalise_phone(typed) == normalised


def test_a_contact_of_another_kind_is_read_by_what_it_looks_like():
    assert normalise_contact("other", "Ada@Example.com ") == "ada@example.com"
    assert normalise_contact("other", "0412 345 678") == "0412345678"
    assert normalise_contact("other", "Call the neighbour") == "call the neighbour"


def test_words_are_no_phone_number():
    assert not looks_like_phone("12 Smith")
    assert not looks_like_phone(" ")


@pytest.mark.parametrize(
    ("normalised", "shown"),
    [
        ("0412345678", "0412 345 678"),
        ("0298765432", "(02) 9876 5432"),
        ("1300123456", "1300 123 456"),
        ("98765432", "98765432"),
    ],
)
def test_numbers_are_shown_as_australians_read_them(normalised, shown):
    assert format_phone(normalised) == shown
