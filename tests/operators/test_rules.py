"""What worries an operator, and how much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from operators import rules
from operators.rules import AMBER, GREEN, RED

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def _ago(**ago: float) -> str:
    return (NOW - timedelta(**ago)).isoformat()


def _run(state: str, heard: str) -> dict[str, object]:
    return {"id": "r", "state": state, "created_at": _ago(hours=2), "heartbeat_at": heard}


def test_figures_are_judged_one_by_one():
    cases = [
        ({}, GREEN),
        ({"queue_since": _ago(minutes=5)}, GREEN),
        ({"queue_since": _ago(minutes=15)}, AMBER),
        ({"queue_since": _ago(hours=2)}, RED),
        ({"unsealed_since": _ago(minutes=30)}, AMBER),
        ({"unsealed_since": _ago(hours=3)}, RED),
        ({"inbox_since": _ago(hours=5)}, AMBER),
        ({"sent_day": 100, "failed_day": 4}, GREEN),
        ({"sent_day": 30, "failed_day": 10}, AMBER),
        ({"sent_day": 5, "failed_day": 10}, RED),
        ({"faults_day": 4}, GREEN),
        ({"faults_day": 5}, AMBER),
        ({"faults_day": 50}, RED),
        ({"integrations": [{"provider": "xero", "state": "broken"}]}, AMBER),
        ({"imports": [_run("loading", _ago(seconds=30))]}, GREEN),
        ({"imports": [_run("loading", _ago(minutes=10))]}, RED),
        ({"imports": [_run("failed", _ago(minutes=10))]}, AMBER),
        ({"imports": [_run("loaded", _ago(hours=1))]}, GREEN),
    ]
    for figures, level in cases:
        found = list(rules.judge_figures(figures, looked_at=NOW))
        assert rules.worst(found) == level, (figures, found)
        assert all(finding.words for finding in found)


def test_old_figures_are_one_finding_and_not_many():
    judged = rules.judge_looking(looked_at=NOW - timedelta(hours=3), problem="", now=NOW)

    assert [finding.level for finding in judged] == [AMBER]
    assert list(rules.judge_figures({"queue_since": _ago(hours=9)}, looked_at=None)) == []


def test_a_clinic_of_today_needs_no_backup_and_one_of_last_week_does():
    def level(born: timedelta, backed_up: timedelta | None) -> int:
        at = NOW - backed_up if backed_up is not None else None
        return rules.worst(rules.judge_backup(backed_up_at=at, born_at=NOW - born, now=NOW))

    day = timedelta(days=1)
    assert level(day / 2, None) == GREEN
    assert level(7 * day, None) == RED
    assert level(7 * day, day / 4) == GREEN
    assert level(7 * day, 2 * day) == AMBER
