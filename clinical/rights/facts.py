"""What the head of a record says of a person's rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from clinical.patients.header import Banner
from clinical.rights.models import LegalHold, Restriction, Statement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from accounts.models import User
    from clinical.patients.models import Patient

_WORDS = {
    "marketing": "no marketing or recalls",
    "research": "no research",
    "reminders": "no automatic reminders",
}


def restrictions(_actor: User, patient: Patient, _now: datetime) -> Iterator[Banner]:
    uses = {
        use
        for found in Restriction.objects.filter(patient=patient, ended_at=None)
        for use in found.uses
    }
    if uses:
        words = ", ".join(_WORDS.get(use, use) for use in sorted(uses))
        yield Banner(f"Restricted: {words}", tone="warning", icon="hand-stop", order=21, quiet=True,
                     url=reverse("rights:record", kwargs={"pk": patient.pk}))  # fmt: skip


def statements(_actor: User, patient: Patient, _now: datetime) -> Iterator[Banner]:
    for said in Statement.objects.filter(patient=patient)[:3]:
        yield Banner(
            f"The patient's statement{f' about {said.about}' if said.about else ''}",
            said.text,
            tone="info",
            icon="quote",
            order=26,
            in_drawer=False,
        )


def holds(_actor: User, patient: Patient, _now: datetime) -> Iterator[Banner]:
    held = LegalHold.objects.filter(patient=patient, lifted_at=None).first()
    if held is not None:
        yield Banner("Legal hold", held.why, tone="info", icon="gavel", order=38, quiet=True,
                     in_drawer=False)  # fmt: skip
