"""Made-up consents and preferences for a demo clinic."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from clinical.consents.models import Consent, ConsentKind, ContactPreference
from clinical.patients.models import Patient

if TYPE_CHECKING:
    import random
    from datetime import datetime

MOST = 120
_USUAL = ("treatment", "privacy", "share_gp", "electronic")
_NEEDS = ("Uses a walking frame.", "Hearing loss: face them and speak clearly.", "Large print.")


def fill(chance: random.Random, now: datetime) -> None:
    """Let most have consented, a few have refused, and some not been asked yet."""
    if Consent.objects.exists():
        return
    kinds = list(ConsentKind.objects.filter(key__in=_USUAL))
    patients = list(Patient.objects.filter(is_archived=False)[:MOST])
    Consent.objects.bulk_create(
        Consent(
            patient=patient,
            kind=kind,
            answer="refused" if kind.key == "share_gp" and chance.random() < 0.1 else "given",  # noqa: PLR2004 - few
            answered_on=(now - timedelta(days=chance.randint(5, 400))).date(),
            way=chance.choice(("written", "written", "online")),
            recorded_by="Demo",
        )
        for patient in patients
        for kind in kinds
        if chance.random() < 0.93  # noqa: PLR2004 - nearly all
    )
    ContactPreference.objects.bulk_create(
        ContactPreference(
            patient=patient,
            channel=chance.choice(("sms", "sms", "phone", "email")),
            no_phone=chance.random() < 0.05,  # noqa: PLR2004 - few
            access_needs=chance.choice(_NEEDS) if chance.random() < 0.2 else "",  # noqa: PLR2004 - some
        )
        for patient in patients
        if chance.random() < 0.6  # noqa: PLR2004 - most
    )
