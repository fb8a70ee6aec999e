from __future__ import annotations

import pytest

from onboarding.imports.values.names import PersonName, split_name


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Anna Lee", PersonName("Anna", "Lee")),
        ("Lee, Anna", PersonName("Anna", "Lee")),
        ("Lee, Anna May", PersonName("Anna", "Lee", "May")),
        ("Dr Anna May Lee", PersonName("Anna", "Lee", "May", "Dr")),
        ("Mr. & Mrs", PersonName("&", "Mrs", "", "Mr.")),
        ("van der Berg, Jan", PersonName("Jan", "van der Berg")),
        ("Jan van der Berg", PersonName("Jan", "van der Berg")),
        ("Frau Ursula von der Mühle", PersonName("Ursula", "von der Mühle", "", "Frau")),
        ("Henry Jones Jr", PersonName("Henry", "Jones Jr")),
        ("Jones, Jr", PersonName("Jones", "Jr")),
        ("Cher", PersonName("", "Cher")),
        ("  Anna\r Lee ", PersonName("Anna", "Lee")),
        ("LEE, Mrs Anna", PersonName("Anna", "LEE", "", "Mrs")),
    ],
)
def test_a_name_is_split_as_the_text_says(raw, expected):
    assert split_name(raw).value == expected


def test_nothing_is_no_name():
    assert split_name("  \r ").value is None


def test_one_word_is_told():
    assert [issue.code for issue in split_name("Cher").issues] == ["one_word_name"]
