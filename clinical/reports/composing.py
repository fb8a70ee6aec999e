"""The report, section by section, so that whoever writes a file can say how far it is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from clinical.reports import expiries, selectors

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from accounts.models import User
    from clinical.reports.period import Period
    from clinical.reports.selectors import Section


def parts(
    actor: User, period: Period, *, today: date, now: datetime
) -> list[Callable[[], Section]]:
    """Answer what makes each section; each is a few grouped queries."""
    return [
        partial(selectors.attendance, period),
        partial(selectors.utilisation, period),
        partial(selectors.new_patients, period),
        partial(selectors.funding, period),
        partial(expiries.recalls_due, period),
        partial(selectors.plan_expiries, period, today=today),
        partial(expiries.referrals_running_out, actor, period, now=now),
    ]


def report(actor: User, period: Period, *, today: date, now: datetime) -> list[Section]:
    """Answer the whole report."""
    return [part() for part in parts(actor, period, today=today, now=now)]
