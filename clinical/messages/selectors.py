"""What went to and fro between a practice and a patient, as one conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.db.models.functions import Coalesce

from clinical.messages.models import Message, Reminder
from clinical.messages.rules import visible_messages, visible_reminders
from clinical.patients.timeline import Edge, dated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.patients.models import Patient

PAGE_SIZE = 50
LOOKS = {
    Reminder.State.PLANNED: ("neutral", "clock"),
    Reminder.State.HELD: ("warning", "player-pause"),
    Reminder.State.SKIPPED: ("neutral", "ban"),
    Reminder.State.SENT: ("success", "check"),
    Reminder.State.FAILED: ("danger", "alert-triangle"),
    Reminder.State.CANCELLED: ("neutral", "ban"),
    Message.State.QUEUED: ("neutral", "clock"),
    Message.State.SENT: ("success", "check"),
    Message.State.DELIVERED: ("success", "checks"),
    Message.State.FAILED: ("danger", "alert-triangle"),
    Message.State.UNCLEAR: ("warning", "help-circle"),
    Message.State.RECEIVED: ("info", "inbox"),
}
"""State → tone and icon of its pill. Both tables' states of one name mean the same."""
CHANNEL_ICONS = {"sms": "message", "email": "mail", "letter": "mailbox", "phone": "phone"}


@dataclass(frozen=True)
class Turn:
    """One turn of the conversation."""

    row: Message | Reminder
    moment: datetime
    is_dated: bool

    @property
    def is_incoming(self) -> bool:
        return isinstance(self.row, Message) and self.row.direction == Message.Direction.IN

    @property
    def what(self) -> str:
        """Name the channel, and that it is a reminder."""
        channel = self.row.get_channel_display()
        if isinstance(self.row, Message):
            if self.row.reminder_id and not self.is_incoming:
                return f"Reminder by {_inside(channel)}"
            return "Message" if self.row.channel == Message.Channel.OTHER else channel
        is_other = self.row.channel == Reminder.Channel.OTHER
        return "Reminder" if is_other else f"Reminder by {_inside(channel)}"

    @property
    def icon(self) -> str:
        return CHANNEL_ICONS.get(self.row.channel, "bell")

    @property
    def pill(self) -> tuple[str, str, str]:
        tone, icon = LOOKS[self.row.state]  # type: ignore[index]
        return self.row.get_state_display(), tone, icon


@dataclass(frozen=True)
class Conversation:
    """A page of it, the newest turn first."""

    turns: Sequence[Turn]
    older: Edge | None


def reminders_of(actor: User, patient: Patient) -> QuerySet[Reminder]:
    """Answer the reminders with when they went out, or were to."""
    rows = visible_reminders(actor).filter(patient=patient).select_related("appointment")
    # What a rule sent stands there as the message that carried it.
    rows = rows.exclude(rule__isnull=False, messages__isnull=False)
    return dated(rows, Coalesce("sent_at", "due_at"))


def messages_of(actor: User, patient: Patient) -> QuerySet[Message]:
    rows = visible_messages(actor).filter(patient=patient).select_related("appointment")
    return dated(rows, Coalesce("sent_at", "due_at"))


def conversation_of(actor: User, patient: Patient, *, before: Edge | None = None) -> Conversation:
    """Answer a page of reminders and messages together."""
    found: list[Message | Reminder] = []
    sources: tuple[QuerySet[Any], ...] = (reminders_of(actor, patient), messages_of(actor, patient))
    for rows in sources:
        older = rows
        if before is not None:
            older = rows.filter(
                Q(moment__lt=before.moment) | Q(moment=before.moment, id__lt=before.id)
            )
        found += older.order_by("-moment", "-id")[: PAGE_SIZE + 1]
    found.sort(key=_place, reverse=True)
    turns = [Turn(row, row.moment, row.is_dated) for row in found[:PAGE_SIZE]]  # type: ignore[union-attr]
    edge = Edge(turns[-1].moment, turns[-1].row.pk) if len(found) > PAGE_SIZE else None
    return Conversation(turns, edge)


def _place(row: Message | Reminder) -> tuple[object, object]:
    return (row.moment, row.pk)  # type: ignore[union-attr]


def _inside(channel: str) -> str:
    """Write a channel inside a sentence: SMS keeps its capitals."""
    return channel if channel.isupper() else channel.lower()
