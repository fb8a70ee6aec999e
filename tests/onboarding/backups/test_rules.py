"""The policy keeps the newest of each day, week and month, and never deletes the last good one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.backups.models import Backup
from onboarding.backups.rules import Policy, to_delete

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
POLICY = Policy(daily=14, weekly=8, monthly=12)
DONE, FAILED = Backup.State.DONE, Backup.State.FAILED


def backup(days_ago: float, *, is_verified: bool | None = None) -> Backup:
    return Backup(state=DONE, began_at=NOW - timedelta(days=days_ago), is_verified=is_verified)


def kept_days(backups: list[Backup], policy: Policy = POLICY) -> list[int]:
    gone = {one.pk for one in to_delete(backups, policy)}
    return [(NOW - one.began_at).days for one in backups if one.pk not in gone]


def test_a_year_of_nights_leaves_days_weeks_and_months():
    kept = kept_days([backup(day) for day in range(400)])

    assert kept[:14] == list(range(14))
    assert len(kept) <= 14 + 8 + 12
    sundays, ends_of_months = (
        [20, 27, 34, 41, 48],
        [21, 52, 82, 113, 144, 174, 205, 235, 266, 294, 325],
    )
    assert [day for day in kept if day >= 14] == sorted(sundays + ends_of_months)


def test_two_of_one_day_leave_the_newer():
    assert kept_days([backup(1.0), backup(1.2), backup(0)]) == [1, 0]
    assert len(to_delete([backup(1.0), backup(1.2), backup(0)], POLICY)) == 1


def test_a_damaged_one_keeps_nothing_and_goes_when_a_good_one_is_newer():
    damaged, good = backup(0, is_verified=False), backup(500)

    assert to_delete([damaged, good], POLICY) == []
    assert to_delete([backup(3, is_verified=False), backup(2)], Policy(1, 0, 0)) != []


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 900), st.sampled_from([True, False, None])), max_size=40),
    st.builds(Policy, st.integers(1, 20), st.integers(0, 9), st.integers(0, 13)),
)
def test_the_newest_good_one_always_stays(drawn, policy):
    backups = [backup(days, is_verified=verified) for days, verified in drawn]
    good = sorted((one for one in backups if one.is_good), key=lambda one: one.began_at)

    gone = to_delete(backups, policy)

    assert not good or good[-1] not in gone
    assert good or gone == []
    assert to_delete([one for one in backups if one not in gone], policy) == []
