"""Who sees which messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import Action, Resource, allows
from clinical.messages.models import Message, Reminder

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User


def visible_messages(actor: User) -> QuerySet[Message]:
    may_see = allows(actor, Action.VIEW, Resource.MESSAGES)
    return Message.objects.all() if may_see else Message.objects.none()


def visible_reminders(actor: User) -> QuerySet[Reminder]:
    may_see = allows(actor, Action.VIEW, Resource.MESSAGES)
    return Reminder.objects.all() if may_see else Reminder.objects.none()
