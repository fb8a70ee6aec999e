"""Numbers of people as vendors want them."""

from __future__ import annotations

import pytest

from ports.phones import NumberError, any_number, is_textable, mobile_number, national


def test_a_mobile_is_known_however_it_is_written():
    written = ["0412 345 678", "(0412) 345-678", "+61 412 345 678", "0011 61 412 345 678"]

    assert {mobile_number(one) for one in written} == {"+61412345678"}
    assert mobile_number("+27 82 123 4567") == mobile_number("082 123 4567", "ZA") == "+27821234567"
    assert is_textable("0412345678")
    assert not is_textable("02 9876 5432")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("02 9876 5432", "is a landline: texts reach mobiles only"),
        ("1800 123 456", "is a free-call number"),
        ("0412 345", "is not a complete telephone number"),
        ("call mum", "is not a telephone number"),
        (" ", "There is no mobile number"),
    ],
)
def test_what_cannot_be_texted_is_said_in_words(typed, why):
    with pytest.raises(NumberError, match=why):
        mobile_number(typed)


def test_people_read_their_numbers_as_they_are_used_to():
    assert national("+61412345678") == "0412 345 678"
    assert national("+27821234567") == "+27 82 123 4567"
    assert national("Clinic") == "Clinic"
    assert any_number("02 9876 5432") == "+61298765432"
