"""Who sees and who writes which assessments and links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import Action, Resource, allows
from clinical.measures.models import Assessment, PatientLink, Repeat
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User


def visible_assessments(actor: User) -> QuerySet[Assessment]:
    if not allows(actor, Action.VIEW, Resource.MEASURES):
        return Assessment.objects.none()
    return Assessment.objects.filter(patient__in=visible_patients(actor))


def visible_links(actor: User) -> QuerySet[PatientLink]:
    if not allows(actor, Action.RUN, Resource.MEASURES):
        return PatientLink.objects.none()
    return PatientLink.objects.filter(patient__in=visible_patients(actor))


def visible_repeats(actor: User) -> QuerySet[Repeat]:
    if not allows(actor, Action.RUN, Resource.MEASURES):
        return Repeat.objects.none()
    return Repeat.objects.filter(patient__in=visible_patients(actor))


def may_write(actor: User, assessment: Assessment) -> bool:
    """Answer whether the actor may go on with this draft; a patient's own is the patient's."""
    return (
        assessment.is_draft
        and not assessment.by_patient
        and allows(actor, Action.CHANGE, Resource.MEASURES)
    )


def may_correct(actor: User, assessment: Assessment) -> bool:
    is_valid = assessment.state == Assessment.State.COMPLETE
    return is_valid and allows(actor, Action.CHANGE, Resource.MEASURES)
