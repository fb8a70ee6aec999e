"""Allergies at the head of a record and beside the diary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from clinical.patients.header import Banner
from clinical.problems.models import Allergy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from accounts.models import User
    from clinical.patients.models import Patient


def allergies_in_header(_actor: User, patient: Patient, _now: datetime) -> Iterator[Banner]:
    """Name the active allergies, severe ones first and in red; one statement."""
    rows = list(
        Allergy.objects.filter(patient=patient, status=Allergy.Status.ACTIVE, is_error=False)
    )
    if not rows:
        return
    severe = [row for row in rows if row.severity == Allergy.Severity.SEVERE]
    rest = [row for row in rows if row not in severe]
    yield Banner(
        "Severe allergy" if severe else "Allergy",
        "; ".join(_words(row) for row in [*severe, *rest]),
        tone="danger" if severe else "warning",
        icon="alert-octagon" if severe else "alert-triangle",
        url=reverse("problems:summary", kwargs={"pk": patient.pk}),
        order=10,
        quiet=True,
    )


def _words(allergy: Allergy) -> str:
    return f"{allergy.substance} ({allergy.reaction})" if allergy.reaction else allergy.substance
