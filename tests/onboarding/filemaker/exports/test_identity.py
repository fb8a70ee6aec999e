from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.filemaker.exports.identity import RowIds, column_ids, key_candidates


@given(st.lists(st.text(max_size=8), max_size=30))
def test_columns_have_ids_of_their_own_that_a_table_can_hold(names):
    ids = column_ids(names)

    assert len(set(ids)) == len(names)
    assert all(0 < found < 2**31 for found in ids)


@given(st.lists(st.text(max_size=8), unique_by=lambda name: " ".join(name.casefold().split())))
def test_a_column_keeps_its_id_wherever_it_stands(names):
    assert column_ids(names[::-1]) == column_ids(names)[::-1]


def test_case_and_blanks_do_not_make_another_column():
    assert column_ids(["Patient  ID"]) == column_ids([" patient id "])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Name", "ID"], [1]),
        (["_kp_Patient", "Name"], [0]),
        (["PatientNo", "patient_id"], [1, 0]),
        (["Medicare No", "Phone Number", "Xero Contact ID", "Visits::ID"], []),
        (["Name", "Holiday", "Video", "Nobody"], []),
    ],
)
def test_columns_that_number_records_are_known_by_their_names(names, expected):
    assert key_candidates(names) == expected


@given(
    st.lists(st.dictionaries(st.tuples(st.integers(1, 4), st.integers(1, 2)), st.text(max_size=3)))
)
def test_rows_have_ids_of_their_own_that_do_not_depend_on_their_order(rows):
    forwards, backwards = RowIds(), RowIds()

    one = [forwards.of_cells(row) for row in rows]
    other = [backwards.of_cells(row) for row in reversed(rows)]

    assert len(set(one)) == len(rows)
    assert set(one) == set(other)
    assert all(0 < found < 2**63 for found in one)
