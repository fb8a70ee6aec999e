from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onboarding.filemaker.fmp.reader import open_file
from onboarding.imports import shapes

TODAY = date(2026, 11, 21)
LOOK = shapes.looker("DMY", TODAY)
TESTS = shapes.tests("DMY", TODAY)


def tried_one_by_one(text: str) -> tuple[str, ...]:
    return tuple(name for name, test in TESTS.items() if test(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0412 345 678", ["phone"]),
        ("ann@example.com", ["email"]),
        ("21/11/1956", ["date", "birth"]),
        ("430 123 456", ["phone", "ndis"]),
        ("Not stated", ["sex", "word"]),
        ("did not attend", ["status", "word"]),
        ("VIC", ["state", "word"]),
        ("✓", ["flag"]),
        ("12 High Street", ["street"]),
    ],
)
def test_a_value_is_seen_for_what_it_looks_like(text, found):
    assert LOOK(text) == tuple(found)


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=40))
@example("¼")
def test_what_is_left_untried_would_not_have_passed(text):
    assert LOOK(text) == tried_one_by_one(text)


def test_on_all_values_of_a_clinic_nothing_is_seen_otherwise(demo):
    values = set()
    with open_file(demo.path) as file:
        for table in file.tables():
            for record in file.records(table.id):
                values.update(
                    text for text in record.values.values() if text.strip() and len(text) <= 120
                )

    assert len(values) > 1000
    assert [v for v in values if LOOK(v) != tried_one_by_one(v)] == []
