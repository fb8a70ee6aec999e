"""Made-up referrals around today for a demo clinic; every name is invented elsewhere in the demo."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from clinical.contacts.models import Contact
from clinical.patients.models import Patient
from clinical.referrals.models import Referral
from clinical.referrals.rules import TERMS
from clinical.referrals.services import link_visits

if TYPE_CHECKING:
    import random
    from datetime import datetime

_ASKED = (
    "Assessment and management after a fall.",
    "Strengthening after knee replacement; gait.",
    "Home programme and equipment review.",
    "Persistent low back pain, please assess and treat.",
)
_KINDS = ("gp", "gp", "chronic", "dva", "ndis", "workcover", "specialist", "private")
MOST = 60


def fill(chance: random.Random, now: datetime) -> None:
    """Give most patients a referral; some run out soon, some have run out."""
    if Referral.objects.exists():
        return
    referrers = list(Contact.objects.filter(kind__in=["gp", "specialist", "referrer"])[:6])
    patients = list(Patient.objects.filter(is_archived=False)[:MOST])
    chosen = [patient for patient in patients if chance.random() < 0.7]  # noqa: PLR2004 - most
    Referral.objects.bulk_create(_made(chance, patient, referrers, now) for patient in chosen)
    for patient in chosen:
        link_visits(patient)


def _made(
    chance: random.Random, patient: Patient, referrers: list[Contact], now: datetime
) -> Referral:
    kind = chance.choice(_KINDS)
    terms = TERMS[kind]
    ago = chance.choice((20, 45, 80, 150, 340))
    referred_on = (now - timedelta(days=ago)).date()
    sessions = terms.sessions or chance.choice((None, None, 6, 10))
    return Referral(
        patient=patient,
        kind=kind,
        referrer=chance.choice(referrers) if referrers else None,
        referred_on=referred_on,
        received_on=referred_on + timedelta(days=2),
        months=terms.months,
        anchor=terms.anchor,
        sessions_allowed=sessions,
        counted=terms.counted,
        used_before=chance.randint(0, max(sessions - 2, 0)) if sessions else 0,
        reason=chance.choice(_ASKED),
        created_by="Demo",
    )
