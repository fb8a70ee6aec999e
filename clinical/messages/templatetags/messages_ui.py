"""How messages are written on screen. `{% load messages_ui %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django import template
from django.utils.formats import date_format

from clinical.messages.models import Message, Reminder
from clinical.messages.selectors import LOOKS
from clinical.patients.contacts import format_phone
from ui.templatetags.ui import pill

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.safestring import SafeString

    from clinical.messages.due import Due

register = template.Library()


@register.filter
def as_phone(number: str) -> str:
    """Write a comparable number as people read it."""
    return format_phone(number)


@register.simple_tag
def message_pill(message: Message) -> SafeString:
    """Draw how far a message has come."""
    tone, icon = LOOKS[Message.State(message.state)]
    return pill(message.get_state_display(), tone, icon=icon)


@register.simple_tag
def reminder_pill(state: str) -> SafeString:
    """Draw what became of a reminder."""
    known = Reminder.State(state)
    tone, icon = LOOKS[known]
    return pill(known.label, tone, icon=icon)


@register.filter
def local_due(due: Due, style: str) -> str:
    """Write when a reminder is due on the clocks of the visit's place."""
    return _local(due.due_at, due.zone, style)


@register.filter
def local_start(due: Due, style: str) -> str:
    """Write when the visit begins on the clocks of its place."""
    return _local(due.starts_at, due.zone, style)


def _local(moment: datetime, zone: str, style: str) -> str:
    return date_format(moment.astimezone(ZoneInfo(zone)), style)
