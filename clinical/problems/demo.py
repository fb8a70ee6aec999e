"""Made-up problems, allergies and medications for the demo's made-up patients."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from clinical.patients.models import Patient
from clinical.problems.kinds import kind_of
from clinical.problems.models import (
    Allergy,
    EntryVersion,
    ListReview,
    Medication,
    NoKnownAllergies,
    Problem,
)

if TYPE_CHECKING:
    import random
    from datetime import datetime

_PROBLEMS = (
    ("Low back pain after lifting", "", "moderate"),
    ("Osteoarthritis of the knee", "right", "moderate"),
    ("Plantar heel pain", "left", "mild"),
    ("Frozen shoulder", "left", "severe"),
    ("Falls at home", "", "severe"),
    ("Tennis elbow", "right", "mild"),
    ("Ankle sprain", "left", "mild"),
    ("Balance after a stroke", "both", "moderate"),
)
_ALLERGIES = (
    ("Latex", "Rash and swelling of the hands", "severe"),
    ("Penicillin", "Hives", "moderate"),
    ("Strapping tape", "Itching, blisters", "mild"),
    ("Nuts", "Trouble breathing", "severe"),
)
_MEDICINES = (
    ("Paracetamol", "1 g", "Up to four times a day, when needed", "Patient"),
    ("Perindopril", "5 mg", "Each morning", "Doctor’s letter"),
    ("Metformin", "500 mg", "Twice a day with meals", "Doctor’s letter"),
    ("Vitamin D", "1000 IU", "Once a day", "Patient"),
)
_BY = "Dr Mira Solander"


def fill(chance: random.Random, now: datetime) -> None:
    """Fill the lists of about two patients in three."""
    if Problem.objects.exists():
        return
    today = now.date()
    problems, allergies, medicines, none, reviews = [], [], [], [], []
    for patient in Patient.objects.order_by("number")[:400]:
        common = {"patient": patient, "recorded_by": _BY, "changed_at": now}
        for name, side, severity in chance.sample(_PROBLEMS, chance.choice((0, 1, 1, 2))):
            since = today - timedelta(days=chance.randrange(20, 900))
            resolved = chance.random() < 0.25  # noqa: PLR2004 - a quarter is over
            problems.append(
                Problem(
                    **common, name=name, side=side, severity=severity, onset_on=since,
                    status="resolved" if resolved else "active",
                    resolved_on=since + timedelta(days=15) if resolved else None,
                )
            )  # fmt: skip
        drawn = chance.random()
        if drawn < 0.2:  # noqa: PLR2004 - one in five
            substance, reaction, severity = chance.choice(_ALLERGIES)
            allergies.append(
                Allergy(**common, substance=substance, reaction=reaction, severity=severity)
            )
        elif drawn < 0.6:  # noqa: PLR2004 - asked, and none
            none.append(NoKnownAllergies(patient=patient, stated_by=_BY, stated_at=now))
        for name, dose, often, source in chance.sample(_MEDICINES, chance.choice((0, 0, 1, 2))):
            medicines.append(
                Medication(
                    **common, name=name, dose=dose, frequency=often, source=source,
                    since=today - timedelta(days=chance.randrange(60, 1500)),
                )
            )  # fmt: skip
            reviews.append(
                ListReview(
                    patient=patient, kind="medications", by_name=_BY,
                    at=now - timedelta(days=chance.randrange(5, 200)),
                )
            )  # fmt: skip
    Problem.objects.bulk_create(problems)
    Allergy.objects.bulk_create(allergies)
    Medication.objects.bulk_create(medicines)
    NoKnownAllergies.objects.bulk_create(none)
    ListReview.objects.bulk_create(reviews)
    entries: list[Any] = [*problems, *allergies, *medicines]
    EntryVersion.objects.bulk_create(
        EntryVersion(
            patient_id=entry.patient_id, kind=kind_of(entry).slug, entry_id=entry.pk, what="Added",
            wording=kind_of(entry).wording_of(entry), by_name=_BY, at=now,
        )
        for entry in entries
    )  # fmt: skip
