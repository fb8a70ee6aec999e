"""Referrals on a patient's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.patients.rules import visible_patients
from clinical.patients.timeline import Line, Source, start_of_day
from clinical.referrals.models import Referral

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.patients.models import Patient


def _rows(actor: User, patient: Patient) -> QuerySet[Referral]:
    found = Referral.objects.filter(patient=patient, patient__in=visible_patients(actor))
    return found.select_related("referrer").annotate(moment=start_of_day("referred_on"))


def _word(referral: Referral) -> Line:
    return Line(
        title=f"Referral: {referral.get_kind_display()}",
        url_name="referrals:detail",
        pk=referral.pk,
        by=referral.referrer_shown,
        text=referral.reason[:300],
        pill=("Closed", "neutral", "archive") if referral.state == "closed" else None,
    )


SOURCE = Source("referrals", "Referrals", "file-import", "patients.view", _rows, _word)
