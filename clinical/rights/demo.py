"""Made-up requests, a restriction and a data breach for the demo's made-up patients."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from clinical.patients.models import Patient
from clinical.rights.models import Breach, BreachStep, Restriction, RightsRequest

if TYPE_CHECKING:
    import random
    from datetime import datetime

_ASKED = (
    ("access", 9, "", "open"),
    ("correction", 25, "My street is Harbour Road, not Harbour Street.", "open"),
    ("restriction", 40, "No newsletters, please.", "done"),
)


def fill(chance: random.Random, now: datetime) -> None:
    """Add a few, where there are none yet."""
    people = list(Patient.objects.filter(is_archived=False)[:40])
    if RightsRequest.objects.exists() or Breach.objects.exists() or len(people) < len(_ASKED):
        return
    today = timezone.localdate(now)
    chosen = chance.sample(people, len(_ASKED))
    RightsRequest.objects.bulk_create(
        RightsRequest(
            patient=patient,
            kind=kind,
            asked_on=today - timedelta(days=ago),
            due_on=today - timedelta(days=ago - 30),
            words=words,
            state=state,
            decided_on=today - timedelta(days=ago - 2) if state != "open" else None,
            decided_by="Demo Owner" if state != "open" else "",
            recorded_by="Demo Owner",
        )
        for patient, (kind, ago, words, state) in zip(chosen, _ASKED, strict=True)
    )
    Restriction.objects.create(
        patient=chosen[-1], uses=["marketing"], reason=_ASKED[-1][2],
        began_at=now - timedelta(days=38), began_by="Demo Owner",
    )  # fmt: skip
    breach = Breach.objects.create(
        title="Report sent to a former address", found_on=today - timedelta(days=12),
        due_on=today + timedelta(days=18), state="assessed", recorded_by="Demo Owner", people_count=1,
        happened="A report went by post to an address the patient had left.",
        kinds="Name, address, diagnosis",
        contained="The letter came back unopened.",
    )  # fmt: skip
    BreachStep.objects.bulk_create(
        BreachStep(
            breach=breach, key=key, on=today - timedelta(days=ago), by_name="Demo Owner",
            at=now - timedelta(days=ago), words=words,
        )
        for key, ago, words in (("suspected", 12, ""), ("assessed", 10, "Returned unopened."))
    )  # fmt: skip
