from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.filemaker.bundle.errors import SameTableIdError, TooManyFilesError
from onboarding.filemaker.bundle.ids import MAX_SLOT, SPAN, composed, free_slot, ids_of

slots = st.integers(0, MAX_SLOT)
own_ids = st.integers(1, SPAN - 1)


@given(st.tuples(slots, own_ids), st.tuples(slots, own_ids))
def test_two_tables_share_an_id_only_if_they_are_one_table(one, other):
    assert (composed(*one) == composed(*other)) == (one == other)


@given(slots, st.integers(1, 2**31 - 1))
def test_every_id_fits_the_column_and_is_the_same_each_time(slot, own):
    assert 0 < composed(slot, own) < 2**31
    assert composed(slot, own) == composed(slot, own)


@given(own_ids)
def test_a_file_alone_keeps_its_ids(own):
    assert composed(0, own) == own


@given(slots, st.lists(own_ids, unique=True), st.lists(own_ids, unique=True))
def test_more_tables_change_no_id(slot, some, more):
    few = ids_of(slot, [(own, str(own)) for own in some])
    many = ids_of(slot, [(own, str(own)) for own in sorted({*some, *more})])

    assert {own: many[own] for own in few} == few


@given(st.lists(st.tuples(st.lists(st.integers(1, 2**31 - 1), unique=True), st.booleans())))
def test_slots_given_one_after_another_never_let_two_tables_meet(files):
    taken: dict[int, list[int]] = {}
    for own, _ in files[:20]:
        slot = free_slot(taken, own_ids=own, ids_in_slot_0=taken.get(0, ()))
        try:
            taken[slot] = list(ids_of(slot, [(number, str(number)) for number in own]).values())
        except SameTableIdError:
            taken[slot] = []  # refused as a whole, with a word

    ids = [number for numbers in taken.values() for number in numbers]
    assert len(ids) == len(set(ids))


def test_two_sheets_that_would_be_one_are_refused_by_name():
    first = 2**20 + 7
    twin = next(n for n in range(first + 1, 2**31) if composed(3, n) == composed(3, first))

    with pytest.raises(SameTableIdError, match="“May” and “June”"):
        ids_of(3, [(first, "May"), (twin, "June")])


def test_a_slot_in_which_a_workbooks_sheets_lie_is_not_given_away():
    sheets = [1 * SPAN + 5, 2 * SPAN + 9]

    assert free_slot({0}, own_ids=[129], ids_in_slot_0=sheets) == 3
    assert free_slot((), own_ids=sheets, ids_in_slot_0=()) == 1


def test_when_all_slots_are_taken_the_next_file_is_refused():
    with pytest.raises(TooManyFilesError):
        free_slot(range(MAX_SLOT + 1), own_ids=[129], ids_in_slot_0=())
