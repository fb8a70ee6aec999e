"""Questions about patients. Each takes the actor and answers only what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404

from audit.selectors import EventFilter, latest_events
from clinical.patients.contacts import normalise_phone
from clinical.patients.filters import PatientFilter as PatientFilter  # noqa: PLC0414 - others take it here
from clinical.patients.models import ContactPoint, Patient
from clinical.patients.rules import visible_patients
from clinical.patients.search import MAX_RESULTS, Hit, find_patients

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from django.db.models import QuerySet

    from accounts.models import User

RECENT = 8
_EVENTS_LOOKED_AT = 60
_WIDER = 20
"""The function knows no location: it is asked for so many times more when the list is narrowed."""


class PatientMergedError(Http404):
    """The record has become part of another, which the actor may see."""

    def __init__(self, *, merged: UUID, goes_on: UUID) -> None:
        super().__init__("This record was merged into another.")
        self.merged, self.goes_on = merged, goes_on


def get_patient(actor: User, pk: UUID) -> Patient:
    """Answer a patient with location and funding; raises Http404 for whom the actor may not see.

    PatientMergedError, which is one, says where a merged record's person is now.
    """
    patients = visible_patients(actor).select_related("location", "funding_type")
    found = patients.filter(pk=pk).first()
    if found is None:
        goes_on = (
            visible_patients(actor).filter(merged_from=pk).values_list("pk", flat=True).first()
        )
        if goes_on is not None:
            raise PatientMergedError(merged=pk, goes_on=goes_on)
        raise Http404("There is no such patient.")
    return found


@dataclass(frozen=True)
class FoundPatient:
    """A patient who fits what was typed, or whose name is only similar to it."""

    patient: Patient
    is_similar: bool


def search_patients(
    actor: User, text: str, wanted: PatientFilter, *, today: date, limit: int = MAX_RESULTS
) -> list[FoundPatient]:
    """Answer who fits, best first."""
    hits = _visible_hits(actor, text, wanted, today=today, limit=limit)
    by_id = {
        patient.pk: patient
        for patient in rows_of(visible_patients(actor)).filter(pk__in=[h.patient_id for h in hits])
    }
    return [FoundPatient(by_id[hit.patient_id], hit.is_similar) for hit in hits]


def search_in_short(
    actor: User, text: str, *, today: date, most: int
) -> tuple[list[FoundPatient], int]:
    """Answer the first who fit, those with only a similar name after them, and how many there are.

    For a box that asks at every letter: no more is read than stands there.
    """
    hits = _visible_hits(actor, text, PatientFilter(), today=today, limit=MAX_RESULTS)
    shown = sorted(hits, key=lambda hit: hit.is_similar)[:most]
    patients = visible_patients(actor).filter(pk__in=[hit.patient_id for hit in shown])
    by_id = {patient.pk: patient for patient in patients.prefetch_related("contact_points")}
    return [FoundPatient(by_id[hit.patient_id], hit.is_similar) for hit in shown], len(hits)


def _visible_hits(
    actor: User, text: str, wanted: PatientFilter, *, today: date, limit: int
) -> list[Hit]:
    hits = find_patients(
        text,
        today=today,
        with_archived=wanted.with_archived,
        limit=limit * _WIDER if wanted.narrows else limit,
    )
    visible = wanted.applied_to(visible_patients(actor))
    fitting = set(
        visible.filter(pk__in=[hit.patient_id for hit in hits]).values_list("pk", flat=True)
    )
    return [hit for hit in hits if hit.patient_id in fitting][:limit]


def recently_viewed(actor: User, *, limit: int = RECENT) -> list[Patient]:
    """Answer whom the actor looked at last, by the audit trail."""
    looked = latest_events(
        EventFilter(actor_id=str(actor.pk), action="view", object_type=Patient._meta.db_table),
        size=_EVENTS_LOOKED_AT,
    )
    ids = list(dict.fromkeys(UUID(event.object_id) for event in looked.events))[:limit]
    return patients_in_order(actor, ids)


def possible_duplicates(
    actor: User,
    *,
    name: str,
    born: date | None,
    phones: Iterable[str],
    today: date,
    besides: UUID | None = None,
) -> list[Patient]:
    """Answer patients with the same phone, or the same birthday and a like name."""
    numbers = [number for number in map(normalise_phone, phones) if number]
    ids = set(
        ContactPoint.objects.filter(normalised__in=numbers).values_list("patient_id", flat=True)
    )
    if name.strip() and born:
        hits = find_patients(f"{name} {born:%d/%m/%Y}", today=today, with_archived=True, limit=10)
        ids |= {hit.patient_id for hit in hits}
    return list(rows_of(visible_patients(actor).filter(pk__in=ids - {besides})))


def rows_of(patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Read with each patient what a line of a list shows."""
    return patients.select_related(
        "location", "funding_type", "summary__last_practitioner", "summary__next_practitioner"
    ).prefetch_related(
        "contact_points",
        Prefetch("merged_from", queryset=Patient.everyone.all(), to_attr="merged_records"),
    )


def patients_in_order(actor: User, ids: Sequence[UUID]) -> list[Patient]:
    """Answer those of the patients whom the actor may see, in the order of the ids."""
    by_id = {p.pk: p for p in rows_of(visible_patients(actor)).filter(pk__in=ids)}
    return [by_id[pk] for pk in ids if pk in by_id]
