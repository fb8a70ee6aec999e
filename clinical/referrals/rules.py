"""What each kind of referral allows, as data. A referral keeps what it was made with.

Sources: Medicare Benefits Schedule, notes GN.6.16 (GP 12 months, specialist 3 months from the first
visit) and the chronic condition management items (5 allied health visits in a calendar year; 18 months
from the first visit since July 2025); DVA's treatment cycle (12 sessions or a year, whichever ends
first). A letter may say otherwise: each figure can be changed on the referral.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clinical.referrals.models import Referral

if TYPE_CHECKING:
    from datetime import date

Kind, Counted, Anchor = Referral.Kind, Referral.Counted, Referral.Anchor

SOON_DAYS = 30
FEW_SESSIONS = 1
"""From here on a referral is running out."""


@dataclass(frozen=True)
class Terms:
    """How long a kind of referral holds, and for how many visits. None: no limit."""

    months: int | None = None
    anchor: str = Anchor.REFERRED
    sessions: int | None = None
    counted: str = Counted.IN_ALL
    words: str = "No limit unless the letter names one."


TERMS: dict[str, Terms] = {
    Kind.GP: Terms(12, Anchor.FIRST_VISIT, words="12 months from the first visit."),
    Kind.SPECIALIST: Terms(3, Anchor.FIRST_VISIT, words="3 months from the first visit."),
    Kind.CHRONIC: Terms(
        18,
        Anchor.FIRST_VISIT,
        5,
        Counted.CALENDAR_YEAR,
        "Up to 5 visits in a calendar year, shared with other allied health; 18 months.",
    ),
    Kind.DVA: Terms(
        12, Anchor.REFERRED, 12, words="One cycle: 12 sessions or a year, whichever ends first."
    ),
    Kind.WORKCOVER: Terms(words="As the insurer approves: enter the sessions and the end."),
    Kind.NDIS: Terms(words="As the plan allows."),
    Kind.PRIVATE: Terms(),
}


def is_soon(ends_on: date | None, today: date) -> bool:
    return ends_on is not None and (ends_on - today).days <= SOON_DAYS
