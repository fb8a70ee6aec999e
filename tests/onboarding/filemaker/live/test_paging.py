import random
from dataclasses import dataclass

import pytest

from onboarding.filemaker.live.errors import AnswerTooLargeError, SourceChangingError
from onboarding.filemaker.live.paging import Page, SeenIds, Walk
from onboarding.filemaker.live.transport import Clock

MIB = 1024**2


@dataclass(frozen=True)
class Row:
    id: int


class Rows:
    """A table whose records come and go between two pages; `change` is called before each."""

    def __init__(self, count, change=None, *, tells=True, size=0):
        self.ids = list(range(1, count + 1))
        self.change = change
        self.tells = tells
        self.size = size
        self.asked = []

    def fetch(self, place, size):
        if self.change:
            self.change(self.ids, len(self.asked))
        self.asked.append((place, size))
        rows = [Row(number) for number in self.ids[place : place + size]]
        return Page(rows, len(self.ids) if self.tells else None, self.size)

    def walk(self, now=lambda: 0.0):
        return Walk(self.fetch, Clock(now=now))


def ids_of(walk):
    return [row.id for row in walk]


@pytest.mark.parametrize("count", [0, 1, 2, 99, 100, 101, 199, 200, 1000, 5000])
@pytest.mark.parametrize("tells", [True, False])
def test_every_record_comes_once_and_in_order(count, tells):
    assert ids_of(Rows(count, tells=tells).walk()) == list(range(1, count + 1))


def test_a_record_deleted_before_the_page_does_not_hide_another():
    def delete(ids, turn):
        if turn == 1:
            ids.remove(5)

    rows = Rows(300, delete)
    walk = rows.walk()

    assert ids_of(walk) == list(range(1, 301))
    assert (walk.shifts, walk.gone) == (1, 1)


def test_as_many_added_as_deleted_does_not_hide_a_record():
    def swap(ids, turn):
        if turn == 1:
            del ids[:3]
            ids.extend((901, 902, 903))

    assert sorted(ids_of(Rows(300, swap).walk())) == [*range(1, 301), 901, 902, 903]


def test_everything_deleted_meanwhile_is_an_end():
    def empty(ids, turn):
        if turn == 1:
            ids.clear()

    assert ids_of(Rows(300, empty).walk()) == list(range(1, 101))


@pytest.mark.parametrize("seed", range(40))
def test_no_record_that_stays_is_missed_while_others_come_and_go(seed):
    rng = random.Random(seed)
    stays = set(range(1, 1200, 3))
    fresh = iter(range(5000, 9000))

    def stir(ids, _turn):
        for _ in range(rng.randrange(12)):
            victim = rng.choice(ids)
            if victim not in stays:
                ids.remove(victim)
        ids.extend(next(fresh) for _ in range(rng.randrange(5)))

    found = ids_of(Rows(1200, stir).walk())

    assert stays <= set(found)
    assert len(found) == len(set(found))


def test_a_table_that_never_rests_is_given_up():
    def replace_all(ids, turn):
        ids[:] = range(turn * 9000, turn * 9000 + 5000)

    with pytest.raises(SourceChangingError):
        ids_of(Rows(5000, replace_all).walk())


def test_pages_grow_while_they_are_small_and_quick():
    rows = Rows(5_000)
    ids_of(rows.walk())

    assert [size for _, size in rows.asked][:5] == [100, 200, 400, 800, 1000]


def test_pages_shrink_when_they_are_heavy():
    rows = Rows(500, size=9 * MIB)
    ids_of(rows.walk())

    assert [size for _, size in rows.asked][:4] == [100, 50, 25, 12]


def test_pages_shrink_when_they_are_slow():
    time = iter(range(0, 10_000, 6))
    rows = Rows(500)
    ids_of(rows.walk(now=lambda: next(time)))

    assert [size for _, size in rows.asked][:3] == [100, 50, 25]


def test_a_page_too_large_is_asked_for_in_parts():
    rows = Rows(60)
    whole = rows.fetch

    def limited(place, size):
        if size > 3:
            raise AnswerTooLargeError
        return whole(place, size)

    assert ids_of(Walk(limited, Clock(now=lambda: 0.0))) == list(range(1, 61))


def test_a_single_record_too_large_is_an_error():
    def never(_place, _size):
        raise AnswerTooLargeError

    with pytest.raises(AnswerTooLargeError):
        ids_of(Walk(never, Clock(now=lambda: 0.0)))


def test_a_server_that_gives_fewer_than_asked_is_read_to_the_end():
    rows = Rows(350)
    whole = rows.fetch

    assert ids_of(Walk(lambda place, size: whole(place, min(size, 7)), Clock())) == list(
        range(1, 351)
    )


def test_a_server_that_says_the_same_for_ever_is_given_up():
    page = Page([Row(1), Row(2)], 10**9)

    with pytest.raises(SourceChangingError):
        ids_of(Walk(lambda _place, _size: page, Clock()))


def test_seen_ids_are_exact_for_any_number():
    seen = SeenIds()
    numbers = [0, 1, 7, 8, 8191, 8192, 10**6, 2**40]

    assert [seen.add(number) for number in numbers] == [True] * len(numbers)
    assert [seen.add(number) for number in numbers] == [False] * len(numbers)
    assert len(seen) == len(numbers)
    assert 9 not in seen


# --- going on after a walk that broke off ---------------------------------------------------------


def _kept(ids):
    kept = SeenIds()
    for number in ids:
        kept.add(number)
    return kept


def test_a_walk_goes_on_after_what_was_kept_and_reads_nothing_twice():
    rows = Rows(1000)

    walk = Walk(rows.fetch, Clock(), kept=_kept(range(1, 701)))

    assert ids_of(walk) == list(range(701, 1001))
    assert rows.asked[0] == (699, 100)
    assert (walk.missing, walk.gone) == (0, 0)


def test_records_deleted_since_begin_the_walk_anew_and_nothing_is_sent_twice():
    rows = Rows(1000)
    for number in (5, 700):
        rows.ids.remove(number)

    walk = Walk(rows.fetch, Clock(), kept=_kept(range(1, 701)))

    assert ids_of(walk) == list(range(701, 1001))
    assert (walk.missing, walk.gone) == (0, 2)


def test_a_walk_that_had_all_records_sends_none():
    walk = Walk(Rows(300).fetch, Clock(), kept=_kept(range(1, 301)))

    assert ids_of(walk) == []


@pytest.mark.parametrize("numbers", [{1}, {8191}, {8192}, {3, 70_000, 69_999}])
def test_the_largest_of_seen_ids_is_known(numbers):
    assert _kept(numbers).largest == max(numbers)


def test_of_no_ids_none_is_the_largest():
    assert SeenIds().largest is None
