"""When texts no longer arrive: "no delivery since 9:40".

Of what was sent in the last hours, and long enough ago for a receipt to have come, either none of the
latest has arrived, or too many were refused by the networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from ports.sms import SmsState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

WINDOW = timedelta(hours=6)
GRACE = timedelta(minutes=15)
"""A receipt takes this long at most, as a rule."""
ENOUGH = 10
"""Texts in a row without a delivery; fewer may be a few phones that are switched off."""
TOO_MANY_FAILED = 0.3
ENOUGH_FAILED = 5


class AlarmKind(StrEnum):
    SILENT = "silent"
    FAILING = "failing"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Sent:
    """One text as far as the rule needs it."""

    at: datetime
    state: SmsState


@dataclass(frozen=True)
class Verdict:
    """What is wrong, since when, and how many texts of how many it concerns."""

    kind: AlarmKind
    since: datetime
    texts: int
    of: int


def verdict(texts: Sequence[Sent], *, now: datetime) -> Verdict | None:
    """Judge the texts of the last hours, oldest first; None while they arrive as they should."""
    recent = [one for one in texts if one.at >= now - WINDOW]
    judged = [one for one in recent if one.at <= now - GRACE or one.state is not SmsState.SENT]
    arrived = [index for index, one in enumerate(judged) if one.state is SmsState.DELIVERED]
    tail = judged[arrived[-1] + 1 :] if arrived else judged
    if len(tail) >= ENOUGH:
        since = judged[arrived[-1]].at if arrived else tail[0].at
        return Verdict(AlarmKind.SILENT, since, len(tail), len(tail))
    failed = [one for one in judged if one.state is SmsState.FAILED]
    ended = len(failed) + len(arrived)
    if len(failed) >= ENOUGH_FAILED and len(failed) >= TOO_MANY_FAILED * ended:
        return Verdict(AlarmKind.FAILING, failed[0].at, len(failed), ended)
    return None


def has_recovered(texts: Sequence[Sent], *, now: datetime) -> bool:
    """Answer whether an alarm is over: something was delivered and nothing else is wrong."""
    recent = [one for one in texts if now - WINDOW <= one.at]
    is_arriving = any(one.state is SmsState.DELIVERED for one in recent)
    return is_arriving and verdict(texts, now=now) is None
