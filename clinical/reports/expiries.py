"""What is due or runs out: recalls in the period, referrals from today on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.recalls.selectors import due_between
from clinical.referrals.selectors import running_out
from clinical.reports.selectors import EXPIRIES_SHOWN, Line, Section

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User
    from clinical.reports.period import Period


def recalls_due(period: Period) -> Section:
    """Answer whose recall is due in the period and not yet booked, the first due first."""
    found = due_between(period.first, period.last)
    if period.location is not None:
        found = found.filter(patient__location=period.location)
    if period.practitioner is not None:
        found = found.filter(practitioner=period.practitioner)
    count = found.count()
    lines = [
        Line(
            recall.patient.full_name,
            (str(recall.kind), f"{recall.due_on:%-d %b %Y}", recall.reminders),
            patient=recall.patient_id,
        )
        for recall in found[:EXPIRIES_SHOWN]
    ]
    about = f"{count:,} open and due in the period{_shown(count)}"
    return Section("recalls", "Recalls due", about, ("Reason", "Due", "Tries"), lines)


def referrals_running_out(actor: User, period: Period, *, now: datetime) -> Section:
    """Answer which referrals end soon or have no sessions left."""
    found = [
        standing
        for standing in running_out(actor, now=now)
        if period.location is None or standing.referral.patient.location_id == period.location.pk
    ]
    lines = [
        Line(
            standing.referral.patient.full_name,
            (standing.sessions_words, standing.end_words),
            patient=standing.referral.patient_id,
        )
        for standing in found[:EXPIRIES_SHOWN]
    ]
    about = f"{len(found):,} end soon or are nearly used up{_shown(len(found))}"
    return Section("referrals", "Referrals that run out", about, ("Sessions", "End"), lines)


def _shown(count: int) -> str:
    return f"; the first {EXPIRIES_SHOWN} are shown" if count > EXPIRIES_SHOWN else ""
