"""When texts no longer arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from billing_integrations.sms.rules import AlarmKind, Sent, Verdict, has_recovered, verdict
from ports.sms import SmsState

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def _texts(states: str, *, first=timedelta(hours=5), apart=timedelta(minutes=5)):
    """D: delivered, S: sent, F: failed; the oldest first."""
    read = {"D": SmsState.DELIVERED, "S": SmsState.SENT, "F": SmsState.FAILED}
    return [Sent(NOW - first + index * apart, read[one]) for index, one in enumerate(states)]


def test_ten_in_a_row_without_a_delivery_are_an_alarm_since_the_last_that_arrived():
    texts = _texts("DD" + "S" * 10)

    assert verdict(texts, now=NOW) == Verdict(AlarmKind.SILENT, texts[1].at, 10, 10)
    assert verdict(_texts("S" * 10), now=NOW).since == NOW - timedelta(hours=5)


def test_a_few_phones_that_are_switched_off_are_none():
    assert verdict(_texts("DDDSSSSSSSSS"), now=NOW) is None
    assert verdict(_texts("S" * 9 + "D"), now=NOW) is None
    assert verdict([], now=NOW) is None


def test_texts_that_were_just_sent_are_given_their_time():
    texts = _texts("S" * 20, first=timedelta(minutes=10), apart=timedelta(seconds=10))

    assert verdict(texts, now=NOW) is None


def test_one_that_arrives_at_once_ends_the_silence():
    fresh = Sent(NOW - timedelta(minutes=1), SmsState.DELIVERED)

    assert verdict([*_texts("S" * 10), fresh], now=NOW) is None


def test_three_refused_in_ten_are_an_alarm_and_two_are_not():
    bad, fair = _texts("DDFDDFDFDFFDD" * 1), _texts("DDDDFDDDDDFDDDDF")

    assert verdict(bad, now=NOW) == Verdict(AlarmKind.FAILING, bad[2].at, 5, 13)
    assert verdict(fair, now=NOW) is None


def test_an_alarm_is_over_once_something_arrives_not_when_nobody_sends():
    assert has_recovered(_texts("SSSSSSSSSSSSD"), now=NOW)
    assert not has_recovered([], now=NOW)
    assert not has_recovered(_texts("SS"), now=NOW)
    assert not has_recovered(_texts("D" + "S" * 10), now=NOW)
