"""The verbs about recalls. Who changed what is recorded by the tables' own triggers."""

from __future__ import annotations

import calendar
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.practice.rules import require
from clinical.recalls.models import Recall, RecallContact, RecallType

if TYPE_CHECKING:
    from datetime import date, datetime

    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.practice.models import Practitioner

MOST_HIDDEN_DAYS = 365
TYPE_FIELDS = (
    "name", "months", "appointment_type", "early_days", "is_automatic", "after_type", "is_active",
)  # fmt: skip


class RecallError(ValueError):
    """What was asked for cannot be done; the message is for a person."""


class AlreadyWaitingError(RecallError):
    """The patient has an open recall of the kind."""


@transaction.atomic
def add_recall(
    *,
    actor: User,
    at: datetime,
    patient: Patient,
    kind: RecallType,
    due_on: date,
    practitioner: Practitioner | None = None,
    note: str = "",
) -> Recall:
    """Put a patient on the list; raises AlreadyWaitingError where they wait for the same already."""
    require(actor, Action.CREATE, Resource.RECALLS)
    waiting = Recall.objects.filter(patient=patient, kind=kind, state__in=Recall.WAITING).first()
    if waiting is not None:
        raise AlreadyWaitingError(
            f"A recall “{kind}” is open already, due {waiting.due_on:%-d %B %Y}. Change that one."
        )
    return Recall.objects.create(
        patient=patient,
        kind=kind,
        due_on=due_on,
        practitioner=practitioner,
        note=note.strip(),
        created_by=actor.name,
        created_at=at,
    )


@transaction.atomic
def change_recall(
    recall: Recall,
    *,
    actor: User,
    due_on: date,
    practitioner: Practitioner | None,
    note: str,
) -> Recall:
    """Change when somebody is due and whom they see."""
    require(actor, Action.CHANGE, Resource.RECALLS)
    recall.due_on, recall.practitioner, recall.note = due_on, practitioner, note.strip()
    recall.save(update_fields=["due_on", "practitioner", "note", "changed_at"])
    return recall


@transaction.atomic
def log_contact(
    recall: Recall,
    *,
    actor: User,
    at: datetime,
    today: date,
    way: str,
    outcome: str,
    note: str = "",
    hide_days: int = 0,
) -> RecallContact:
    """Write down a try to reach the patient; the recall goes where the outcome leads.

    `hide_days`: off the list until so many days from today.
    """
    require(actor, Action.CHANGE, Resource.RECALLS)
    locked = Recall.objects.select_for_update(of=("self",)).get(pk=recall.pk)
    contact = RecallContact.objects.create(
        recall=locked,
        patient_id=locked.patient_id,
        at=at,
        way=way,
        outcome=outcome,
        note=note.strip(),
        by=actor,
        by_name=actor.name,
    )
    outcomes = RecallContact.Outcome
    states = {outcomes.BOOKED: Recall.State.BOOKED, outcomes.DECLINED: Recall.State.DECLINED}
    locked.state = states.get(outcomes(outcome), Recall.State.CONTACTED)
    locked.reminders += 1
    locked.last_contact_at = at
    days = min(max(hide_days, 0), MOST_HIDDEN_DAYS)
    locked.hidden_until = today + timedelta(days=days) if days and locked.is_waiting else None
    locked.save(
        update_fields=["state", "reminders", "last_contact_at", "hidden_until", "changed_at"]
    )
    recall.refresh_from_db()
    return contact


@transaction.atomic
def reopen_recall(recall: Recall, *, actor: User) -> Recall:
    """Put a recall back on the list, from wherever it went."""
    require(actor, Action.CHANGE, Resource.RECALLS)
    recall.state = Recall.State.CONTACTED if recall.reminders else Recall.State.OPEN
    recall.hidden_until = recall.appointment = None
    recall.save(update_fields=["state", "hidden_until", "appointment", "changed_at"])
    return recall


@transaction.atomic
def save_type(kind: RecallType, *, actor: User, fields: dict[str, Any]) -> RecallType:
    """Write a type of recall, a new one too."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    if unknown := set(fields) - set(TYPE_FIELDS):
        raise TypeError(f"Not a field that people set: {', '.join(sorted(unknown))}")
    for name, value in fields.items():
        setattr(kind, name, value)
    kind.save()
    return kind


def months_after(day: date, months: int) -> date:
    """Answer the same day so many months on; the last of the month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last))
