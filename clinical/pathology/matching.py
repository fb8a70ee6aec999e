"""Whose a message is: only what leaves no doubt decides; all else is offered with its evidence."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.formats import date_format

from clinical.patients.models import Patient, PatientIdentifier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clinical.pathology.hl7v2 import Person

MEDICARE_LENGTH = 10
"""Without the last digit, which says who on the card it is."""
MOST_CANDIDATES = 200


@dataclass(frozen=True)
class Candidate:
    """A patient who may be meant, what speaks for it, and what against."""

    patient: Patient
    evidence: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    is_sure: bool = False

    @property
    def weight(self) -> int:
        return 10 * self.is_sure + 2 * len(self.evidence) - len(self.doubts)


def candidates_for(person: Person) -> list[Candidate]:
    """Answer who may be meant, the likeliest first; three statements."""
    patients = _looked_up(person)
    found = [_weighed(patient, person) for patient in patients]
    kept = [candidate for candidate in found if len(candidate.evidence) > 1 or candidate.is_sure]
    return sorted(kept, key=lambda candidate: -candidate.weight)[:10]


def sure_one(candidates: Sequence[Candidate]) -> Candidate | None:
    """Answer the only one without doubt; none where two could be meant."""
    sure = [candidate for candidate in candidates if candidate.is_sure]
    return sure[0] if len(sure) == 1 else None


def _looked_up(person: Person) -> list[Patient]:
    wanted = Q(pk__in=[])
    if len(person.medicare) >= MEDICARE_LENGTH:
        card = person.medicare[:MEDICARE_LENGTH]
        numbers = [card, *(f"{card}{place}" for place in range(1, 10))]
        holders = PatientIdentifier.objects.filter(
            normalised__in=numbers, kind=PatientIdentifier.Kind.MEDICARE
        )
        wanted |= Q(pk__in=holders.values("patient_id"))
    if person.born:
        wanted |= Q(date_of_birth=person.born)
    patients = Patient.objects.filter(wanted).prefetch_related("identifiers")
    return list(patients[:MOST_CANDIDATES])


def _weighed(patient: Patient, person: Person) -> Candidate:
    """Compare one thing after the other: what is said on both sides speaks for it or against it."""
    cards = [
        number.normalised[:MEDICARE_LENGTH]
        for number in patient.identifiers.all()
        if number.kind == PatientIdentifier.Kind.MEDICARE and number.normalised
    ]
    told = person.medicare[:MEDICARE_LENGTH] if len(person.medicare) >= MEDICARE_LENGTH else ""
    born, here = person.born, patient.date_of_birth
    family, given = _same_family(patient, person), _same_given(patient, person)
    compared = (
        (bool(told and cards), told in cards, "same Medicare number", "another Medicare number"),
        (bool(born and here), born == here, f"born {_day(born)}", f"born {_day(here)} here"),
        (bool(person.family_name), family, "same family name", "another family name"),
        (bool(person.given_names), given, "same given name", "another given name"),
        (
            bool(person.sex and patient.sex),
            person.sex == patient.sex,
            "same sex",
            "another sex",
        ),
    )
    evidence = tuple(good for is_said, fits, good, _bad in compared if is_said and fits)
    doubts = tuple(bad for is_said, fits, _good, bad in compared if is_said and not fits)
    # A card is a family's: with its number the name and the day of birth must fit all the same.
    is_sure = not doubts and family and given and born is not None and born == here
    return Candidate(patient, evidence, doubts, is_sure)


def _day(day: date | None) -> str:
    return date_format(day, "j M Y") if day else ""


def _same_family(patient: Patient, person: Person) -> bool:
    theirs = _folded(person.family_name)
    return bool(theirs) and theirs in {
        _folded(patient.family_name),
        *(_folded(name) for name in re.split(r"[,;/]", patient.former_names)),
    }


def _same_given(patient: Patient, person: Person) -> bool:
    words = _folded(person.given_names).split()
    ours = [*_folded(patient.given_names).split()[:1], *_folded(patient.preferred_name).split()[:1]]
    return bool(words) and words[0] in ours


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = (c for c in plain if not unicodedata.combining(c) and c not in "'’`.")
    return " ".join("".join(c if c.isalnum() else " " for c in letters).split())
