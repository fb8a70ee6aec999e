from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.imports.values.addresses import AddressParts, split_address
from onboarding.imports.values.text import folded


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("12 Main St\rKew VIC 3101", AddressParts("12 Main St", "Kew", "VIC", "3101")),
        ("12 Main St, Kew VIC 3101", AddressParts("12 Main St", "Kew", "VIC", "3101")),
        ("12 Main St Kew VIC 3101", AddressParts("12 Main St", "Kew", "VIC", "3101")),
        ("PO Box 12\rKew\rVIC\r3101", AddressParts("PO Box 12", "Kew", "VIC", "3101")),
        ("Unit 4/7 Long Road\vHawthorn East, Victoria, 3123\vAustralia",
         AddressParts("Unit 4/7 Long Road", "Hawthorn East", "VIC", "3123", "Australia")),
        ("Hauptstr. 5\r10115 Berlin", AddressParts("Hauptstr. 5", "Berlin", "", "10115")),
        ("Bergweg 3\rCH-8001 Zürich", AddressParts("Bergweg 3", "Zürich", "", "8001")),
        ("12 rue de la Paix\r75002 Paris\rFrance",
         AddressParts("12 rue de la Paix", "Paris", "", "75002", "France")),
        ("10 Downing St, London SW1A 2AA", AddressParts("10 Downing St", "London", "", "SW1A 2AA")),
    ],
)  # fmt: skip
def test_an_address_is_parted_from_its_end(text, parts):
    assert split_address(text).value == parts


def test_an_address_without_a_postcode_stays_whole_and_is_told():
    reading = split_address("the blue house\rKew")

    assert reading.value == AddressParts("the blue house\nKew")
    assert [issue.code for issue in reading.issues] == ["address_unsplit"]


PART = st.sampled_from(
    ["12 Main St", "Kew", "VIC", "3101", "Unit 4", "Zürich", "8001", ",", "Australia"]
)


@given(st.one_of(st.text(max_size=80), st.lists(PART, max_size=7).map(" ".join),
                 st.lists(PART, max_size=7).map("\r".join)))  # fmt: skip
def test_no_word_is_lost_and_no_text_raises(text):
    value = split_address(text).value

    assert set(folded(str(value or "")).split()) >= set(folded(text).split())
