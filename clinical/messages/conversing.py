"""Conversations by number: who is at the other end, what was said last, what nobody has read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from accounts.permissions import Action, Resource
from clinical.messages.models import Conversation, Message
from clinical.practice.rules import require

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User
    from clinical.patients.models import Patient

LONGEST_SNIPPET = 160


@transaction.atomic
def note_turn(message: Message, *, at: datetime, is_unread: bool = False) -> Conversation:
    """Put a text into the conversation with its number."""
    is_ours = message.direction == Message.Direction.OUT
    facts = {
        "last_at": at,
        "last_text": message.body[:LONGEST_SNIPPET],
        "last_is_ours": is_ours,
    }
    held, is_new = Conversation.objects.get_or_create(
        number=message.normalised,
        defaults={**facts, "patient": message.patient, "unread": int(is_unread)},
    )
    if not is_new:
        if message.patient_id is not None:
            facts["patient_id"] = message.patient_id
        if is_unread:
            facts |= {"unread": F("unread") + 1, "is_done": False}
        Conversation.objects.filter(pk=held.pk).update(**facts)
    return held


def mark_read(conversation: Conversation) -> None:
    """Take what came as read; there is no telling who reads for whom at a desk."""
    Conversation.objects.filter(pk=conversation.pk, unread__gt=0).update(unread=0)


@transaction.atomic
def set_done(conversation: Conversation, *, actor: User, is_done: bool) -> None:
    """Put a conversation away, or take it up again."""
    require(actor, Action.CREATE, Resource.MESSAGES)
    facts = {"is_done": is_done} | ({"unread": 0} if is_done else {})
    Conversation.objects.filter(pk=conversation.pk).update(**facts)


@transaction.atomic
def mark_unread(conversation: Conversation, *, actor: User) -> None:
    require(actor, Action.VIEW, Resource.MESSAGES)
    Conversation.objects.filter(pk=conversation.pk, unread=0).update(unread=1, is_done=False)


@transaction.atomic
def link_patient(conversation: Conversation, patient: Patient, *, actor: User) -> int:
    """Say whose number it is; what it sent before goes to the patient's messages. Answers how many."""
    require(actor, Action.CHANGE, Resource.MESSAGES)
    Conversation.objects.filter(pk=conversation.pk).update(patient=patient)
    conversation.patient = patient
    of_number = Message.objects.filter(normalised=conversation.number, patient=None)
    return of_number.update(patient=patient)
