"""Questions about people's rights; each takes the actor and answers only what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.permissions import Action, Resource, allows
from clinical.patients.rules import visible_patients
from clinical.rights.models import (
    Breach,
    Destruction,
    Erasure,
    LegalHold,
    PersonExport,
    ResearchExtract,
    Restriction,
    RetentionFact,
    RightsRequest,
    Statement,
)
from clinical.rights.retention import count_due
from tenants import jobs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from django.db.models import Model

    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.rights.policy import Policy
    from tenants.models import Job

LISTED = 200


@dataclass(frozen=True)
class OfRecord:
    """All that stands on the privacy page of one record."""

    requests: Sequence[RightsRequest]
    restrictions: Sequence[Restriction]
    statements: Sequence[Statement]
    holds: Sequence[LegalHold]
    copies: Sequence[PersonExport]
    fact: RetentionFact | None


def of_record(patient: Patient) -> OfRecord:
    return OfRecord(
        requests=list(RightsRequest.objects.filter(patient=patient).order_by("-asked_on", "-id")),
        restrictions=list(Restriction.objects.filter(patient=patient)),
        statements=list(Statement.objects.filter(patient=patient)),
        holds=list(LegalHold.objects.filter(patient=patient)),
        copies=list(PersonExport.objects.filter(patient=patient)[:10]),
        fact=RetentionFact.objects.filter(patient=patient).first(),
    )


def get_of_patient(actor: User, model: type[Model], pk: UUID) -> Any:
    """Answer a row about a patient whom the actor may see; raises Http404."""
    found = get_object_or_404(model._default_manager.select_related("patient"), pk=pk)
    if not visible_patients(actor, with_merged=True).filter(pk=found.patient_id).exists():  # type: ignore[attr-defined]
        raise Http404
    return found


def get_of_clinic(actor: User, model: type[Model], pk: UUID) -> Any:
    """Answer a row of the clinic's registers; raises Http404."""
    if not allows(actor, Action.VIEW, Resource.PRIVACY):
        raise Http404
    return get_object_or_404(model, pk=pk)


def record_then(actor: User, pk: UUID) -> Patient:
    """Answer a record, one that was merged away too; raises Http404."""
    found = visible_patients(actor, with_merged=True).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such patient.")
    return found


@dataclass(frozen=True)
class Overview:
    """What the page of the registers shows."""

    requests: Sequence[RightsRequest]
    orders: Sequence[Erasure]
    breaches: Sequence[Breach]
    due: int
    holds: int
    destroyed: int


def overview_of(policy: Policy, *, today: date) -> Overview:
    waiting = [Erasure.State.ASKED, Erasure.State.APPROVED]
    return Overview(
        requests=list(
            RightsRequest.objects.filter(state=RightsRequest.State.OPEN).select_related("patient")[
                :LISTED
            ]
        ),
        orders=list(Erasure.objects.filter(state__in=waiting)),
        breaches=list(Breach.objects.filter(is_closed=False)),
        due=count_due(policy.retention, today=today),
        holds=LegalHold.objects.filter(lifted_at=None).count(),
        destroyed=Destruction.objects.count(),
    )


def extracts() -> Sequence[ResearchExtract]:
    return list(ResearchExtract.objects.all()[:50])


def job_of(kind: str, **params: str) -> Job | None:
    """Answer the newest job about one of our rows."""
    for job in jobs.of_running_clinic():
        if job.kind == kind and all(job.params.get(key) == value for key, value in params.items()):
            return job
    return None
