"""What the head of a record says of who pays: the plan, the cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone

from clinical.funding.selectors import SOON_DAYS, current_of
from clinical.patients.header import Banner, Fact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from accounts.models import User
    from clinical.patients.models import Patient


def head_of_the_record(_actor: User, patient: Patient, now: datetime) -> Iterator[Banner | Fact]:
    today = timezone.localdate(now)
    plan = current_of(patient, today)
    starts, ends = (
        (plan.starts_on, plan.ends_on) if plan else (patient.plan_start, patient.plan_end)
    )
    if ends is None and starts is None:
        return
    url = reverse("funding:list", kwargs={"pk": patient.pk})
    management = plan.get_management_display() if plan and plan.management else ""
    value, note, tone = _words(starts, ends, today)
    manager = f"{management}, {plan.plan_manager}" if plan and plan.plan_manager else management
    words = " · ".join(filter(None, [note, manager]))
    yield Fact("NDIS plan", value, note=words, tone=tone, url=url, order=25, in_drawer=bool(tone))
    if tone == "danger":
        yield Banner(
            "The NDIS plan has ended", "Ask for the new one.", tone=tone, url=url,
            icon="calendar-due", order=25, quiet=True, in_drawer=False,
        )  # fmt: skip


def _words(starts: date | None, ends: date | None, today: date) -> tuple[str, str, str]:
    if starts is not None and starts > today:
        return f"starts {_day(starts)}", f"in {_days((starts - today).days)}", ""
    if ends is None:
        return f"since {_day(starts)}" if starts else "–", "no end", ""
    left = (ends - today).days
    if left < 0:
        return f"ended {_day(ends)}", f"{_days(-left)} ago", "danger"
    return f"until {_day(ends)}", f"{_days(left)} left", "warning" if left <= SOON_DAYS else ""


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"
