from __future__ import annotations

import pytest

from onboarding.imports.values.words import (
    read_active,
    read_archived,
    read_colour,
    read_flag,
    read_sex,
    read_status,
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("F", "female"),
        ("Male", "male"),
        ("weiblich", "female"),
        ("männlich", "male"),
        ("Homme", "male"),
        ("divers", "other"),
        ("Not stated", ""),
        ("Attack helicopter", None),
    ],
)
def test_sex_is_read_in_three_languages(raw, expected):
    assert read_sex(raw).value == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Booked", "booked"),
        ("DNA", "did_not_attend"),
        ("No-show", "did_not_attend"),
        ("Cancelled - late notice", "late_cancellation"),
        ("cancelled by clinic", "cancelled"),
        ("Abgesagt", "cancelled"),
        ("Attended", "completed"),
        ("Purple", None),
        ("", None),
    ],
)
def test_the_state_of_a_visit_is_read(raw, expected):
    assert read_status(raw).value == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("1", True),
        ("Yes", True),
        ("x", True),
        ("ja", True),
        ("No", False),
        ("0", False),
        ("", None),
        ("perhaps", None),
    ],
)
def test_a_yes_or_no_is_read(raw, expected):
    assert read_flag(raw).value == expected


def test_a_patients_status_says_whether_they_are_one_still():
    assert read_archived("Discharged").value is True
    assert read_archived("Active").value is False
    assert read_active("inactive").value is False
    assert read_archived("Blue").value is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("#1F6f78", "#1f6f78"),
        ("1f6f78", "#1f6f78"),
        ("255, 0, 16", "#ff0010"),
        ("Rot", "#c0392b"),
        ("255", "#0000ff"),
        ("sky", None),
    ],
)
def test_a_colour_is_read(raw, expected):
    assert read_colour(raw).value == expected
