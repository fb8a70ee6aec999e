from __future__ import annotations

import pytest

from onboarding.imports.values.contacts import Phone, find_emails, find_phones


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("0491 570 006", [Phone("0491 570 006", "mobile")]),
        ("(02) 5550 1234", [Phone("(02) 5550 1234", "landline")]),
        ("+61 2 5550 1234", [Phone("+61 2 5550 1234", "landline")]),
        (
            "0491 570 006 / 02 5550 1234",
            [Phone("0491 570 006", "mobile"), Phone("02 5550 1234", "landline")],
        ),
        (
            "0491570006 or 0491570156",
            [Phone("0491570006", "mobile"), Phone("0491570156", "mobile")],
        ),
        (
            "0491570006\r0491 570 156 (mum)",
            [Phone("0491570006", "mobile"), Phone("0491 570 156", "mobile", "mum")],
        ),
        ("0491570006; 0491 570 006", [Phone("0491570006", "mobile")]),
        ("02 5550 1234 ext 12", [Phone("02 5550 1234", "landline", "ext. 12")]),
        ("491570006", [Phone("0491570006", "mobile")]),
        ("1-(555)555-0100", [Phone("1-(555)555-0100", "other")]),
        ("ask reception", None),
        ("", None),
    ],
)
def test_every_number_in_a_field_is_found(raw, expected):
    assert find_phones(raw).value == expected


def test_a_lost_zero_is_put_back_and_told():
    assert [issue.code for issue in find_phones("491570006").issues] == ["phone_zero"]


def test_text_without_a_number_is_told():
    assert [issue.code for issue in find_phones("ask reception").issues] == ["phone_unreadable"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Ann@Example.com", ["ann@example.com"]),
        ("ann@example.com; bob@example.org", ["ann@example.com", "bob@example.org"]),
        ("Ann Lee <ann@example.com>", ["ann@example.com"]),
        ("mailto:ann@example.com.", ["ann@example.com"]),
        ("ann@example", None),
        ("none", None),
    ],
)
def test_every_address_in_a_field_is_found(raw, expected):
    assert find_emails(raw).value == expected
