"""Questions about rules and reminders. Each takes the actor and answers only what they may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import get_object_or_404

from clinical.appointments.models import Appointment
from clinical.decision_support.conditions import Asked
from clinical.decision_support.evaluating import matches
from clinical.decision_support.models import Prompt, Rule
from clinical.decision_support.rules import is_for, visible_prompts
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from datetime import datetime, timedelta, tzinfo
    from uuid import UUID

    from accounts.models import User
    from clinical.patients.models import Patient

MOST_TRIED = 2000
_ORDER = {"danger": 0, "warning": 1, "info": 2}


def get_rule(pk: UUID) -> Rule:
    return get_object_or_404(Rule, pk=pk)


def get_prompt(actor: User, pk: UUID) -> Prompt:
    """Answer a reminder with its rule and patient; raises Http404 for whom it is not."""
    prompts = visible_prompts(actor).filter(patient__in=visible_patients(actor))
    prompt = get_object_or_404(prompts.select_related("rule", "patient"), pk=pk)
    if not is_for(actor, prompt):
        raise Http404("There is no such reminder.")
    return prompt


def open_prompts(actor: User, patient: Patient) -> list[Prompt]:
    """Answer what is to be shown to the actor about a patient, important ones first; one statement."""
    rows = visible_prompts(actor).filter(patient=patient, state=Prompt.State.OPEN)
    shown = [prompt for prompt in rows.select_related("rule") if is_for(actor, prompt)]
    return sorted(shown, key=lambda prompt: (_ORDER[prompt.rule.severity], prompt.rule.name))


def settled_prompts(actor: User, patient: Patient) -> list[Prompt]:
    """Answer what was put off or dismissed, with who did and why."""
    states = (Prompt.State.SNOOZED, Prompt.State.DISMISSED)
    rows = visible_prompts(actor).filter(patient=patient, state__in=states).select_related("rule")
    return [prompt for prompt in rows.order_by("-settled_at") if is_for(actor, prompt)]


def try_out(
    rule: Rule, actor: User, *, now: datetime, ahead: timedelta, zone: tzinfo
) -> tuple[int, int]:
    """Answer for how many of the patients with a visit ahead the rule holds, and how many there are."""
    visits = Appointment.objects.filter(starts_at__gte=now, starts_at__lt=now + ahead)
    patients = visible_patients(actor).filter(pk__in=visits.values("patient_id"))
    ids = list(patients.values_list("pk", flat=True)[:MOST_TRIED])
    return len(matches([rule], Asked(ids, now, zone))), len(ids)
