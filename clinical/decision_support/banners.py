"""Reminders at the head of a record and beside the diary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from clinical.decision_support.evaluating import refresh_prompts
from clinical.decision_support.models import Rule
from clinical.decision_support.rules import reads_notes
from clinical.decision_support.selectors import open_prompts
from clinical.patients.header import Banner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from accounts.models import User
    from clinical.appointments.models import Appointment
    from clinical.decision_support.models import Prompt
    from clinical.patients.models import Patient

FRESH_FOR = 60
"""Seconds in which a record that is opened again is not looked at anew."""


def prompts_in_header(actor: User, patient: Patient, now: datetime) -> Iterator[Banner]:
    """Look at the rules for this patient, then show what is open."""
    look_at(actor, patient, now)
    for prompt in open_prompts(actor, patient):
        if prompt.rule.in_header:
            yield _banner(prompt, in_drawer=prompt.rule.in_diary)


def prompts_in_drawer(actor: User, appointment: Appointment, _now: datetime) -> Iterator[Banner]:
    """Show beside the diary what is not shown in the record."""
    if appointment.patient is None:
        return
    for prompt in open_prompts(actor, appointment.patient):
        if prompt.rule.in_diary and not prompt.rule.in_header:
            yield _banner(prompt, in_drawer=True)


def look_at(actor: User, patient: Patient, now: datetime) -> None:
    """Ask the rules about one patient, at most once a minute.

    Only on behalf of who reads notes: for anybody else the database would hide what rules ask for.
    """
    if not reads_notes(actor) or not cache.add(f"rules-{patient.pk}", 1, FRESH_FOR):
        return
    rules = list(Rule.objects.filter(is_active=True))
    refresh_prompts([patient.pk], now=now, zone=timezone.get_current_timezone(), rules=rules)


def look_again(patient: Patient) -> None:
    """Have the patient's rules asked anew when the record is next opened."""
    cache.delete(f"rules-{patient.pk}")


def _banner(prompt: Prompt, *, in_drawer: bool) -> Banner:
    url = reverse("decision_support:prompts", kwargs={"pk": prompt.patient_id})
    return Banner(
        prompt.rule.name,
        prompt.rule.text,
        tone=prompt.rule.severity,
        icon="bulb",
        url=f"{url}#{prompt.pk}",
        url_label="Why?",
        order=15,
        quiet=True,
        in_drawer=in_drawer,
    )
