"""Questions about conversations and reminders, for the screens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone

from accounts.permissions import Action, Reach, Resource, reach_of
from clinical.messages import opting
from clinical.messages.due import due_between
from clinical.messages.models import (
    Conversation,
    Message,
    MessageTemplate,
    OptOut,
    Reminder,
    ReminderRule,
)
from clinical.messages.numbers import mobile_of
from clinical.messages.planning import outlooks
from clinical.messages.quiet import current_text_settings, quiet_until
from clinical.patients.models import ContactPoint, Patient
from connections.providers import Trade
from connections.selectors import in_use
from tenants.running import running_clinic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.messages.planning import Outlook

PAGE_SIZE = 40
TALK_SIZE = 100
DAYS_AHEAD = 7


class Show(StrEnum):
    """Which conversations are listed."""

    OPEN = "open"
    UNREAD = "unread"
    DONE = "done"

    @property
    def label(self) -> str:
        return {"open": "Inbox", "unread": "Unread", "done": "Done"}[self.value]


@dataclass(frozen=True)
class Page:
    """A page of conversations."""

    rows: Sequence[Conversation]
    more: bool


def visible_conversations(actor: User) -> QuerySet[Conversation]:
    """Answer them all, or none: a number may be anybody's, so whoever sees some patients sees none."""
    if reach_of(actor, Action.VIEW, Resource.MESSAGES) is not Reach.ALL:
        return Conversation.objects.none()
    return Conversation.objects.select_related("patient")


def list_conversations(actor: User, show: Show, *, page: int = 1) -> Page:
    found = visible_conversations(actor)
    found = found.filter(
        **({"unread__gt": 0} if show is Show.UNREAD else {"is_done": show is Show.DONE})
    )
    start = (page - 1) * PAGE_SIZE
    rows = list(found[start : start + PAGE_SIZE + 1])
    return Page(rows[:PAGE_SIZE], len(rows) > PAGE_SIZE)


def unread_of(actor: User) -> QuerySet[Conversation]:
    """Answer the conversations somebody has to read; a partial index holds only those."""
    return visible_conversations(actor).filter(unread__gt=0)


def count_unread(actor: User) -> int:
    return unread_of(actor).count()


def get_conversation(actor: User, pk: UUID) -> Conversation:
    found = visible_conversations(actor).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def talk_with(conversation: Conversation) -> list[Message]:
    """Answer what went to and fro with a number, the newest first."""
    found = Message.objects.filter(
        normalised=conversation.number, channel=Message.Channel.SMS
    ).select_related("patient", "appointment__location", "reminder")
    return list(
        found.annotate(moment=Coalesce("sent_at", "due_at", "created_at")).order_by(
            "-moment", "-id"
        )[:TALK_SIZE]
    )


def people_at(number: str) -> list[Patient]:
    """Answer whose number it is."""
    held = ContactPoint.objects.filter(normalised=number)
    people = Patient.objects.filter(pk__in=held.values("patient"))
    return list(people.order_by("sort_name")[:10])


def quick_templates(channel: str = "sms") -> list[MessageTemplate]:
    """Answer the words that staff write often."""
    return list(MessageTemplate.objects.filter(is_active=True, is_quick=True, channel=channel))


@dataclass(frozen=True)
class Desk:
    """What the box in which staff write must know: whether it may, and when it goes out."""

    number: str
    why_not: str = ""
    opt_out: OptOut | None = None
    later: datetime | None = None
    """When the quiet hours end, where it is quiet now."""
    templates: Sequence[MessageTemplate] = ()
    has_account: bool = True
    conversation: Conversation | None = None


def desk_of(patient: Patient | None, number: str = "", *, now: datetime) -> Desk:
    """Answer the desk for a patient's mobile, or for a number."""
    from clinical.messages.sending import why_no_text

    number = number or (mobile_of(patient) if patient else "")
    return Desk(
        number=number,
        why_not=why_no_text(patient, number, at=now),
        opt_out=opting.opt_out_of(number) if number else None,
        later=quiet_until(current_text_settings(), now, running_clinic().zone),
        templates=quick_templates(),
        has_account=in_use(Trade.SMS) is not None,
        conversation=Conversation.objects.filter(number=number).first() if number else None,
    )


# ── reminders ────────────────────────────────────────────────────────────────────────────────────


def coming_reminders(
    actor: User, *, first: datetime, until: datetime, now: datetime
) -> list[Outlook]:
    """Answer who gets what in a span of time, and who gets nothing and why."""
    if reach_of(actor, Action.VIEW, Resource.MESSAGES) is not Reach.ALL:
        return []
    zone = running_clinic().time_zone
    return outlooks(due_between(first, until, now=now, zone=zone), now=now)


def past_reminders(actor: User, *, failed: bool, page: int = 1) -> tuple[list[Reminder], bool]:
    """Answer what rules have sent, the latest first, or what could not be sent."""
    if reach_of(actor, Action.VIEW, Resource.MESSAGES) is not Reach.ALL:
        return [], False
    found = Reminder.objects.filter(rule__isnull=False).select_related(
        "patient", "appointment__location", "rule__template"
    )
    if failed:
        found = _to_look_at(found)
    else:
        found = found.exclude(state__in=[Reminder.State.HELD, Reminder.State.SKIPPED])
    start = (page - 1) * PAGE_SIZE
    rows = list(found.order_by("-due_at", "-id")[start : start + PAGE_SIZE + 1])
    return rows[:PAGE_SIZE], len(rows) > PAGE_SIZE


def failed_of(actor: User) -> QuerySet[Reminder]:
    """Answer the reminders of visits to come that could not be sent; by a partial index too."""
    if reach_of(actor, Action.VIEW, Resource.MESSAGES) is not Reach.ALL:
        return Reminder.objects.none()
    return _to_look_at(Reminder.objects.filter(rule__isnull=False))


def count_failed(actor: User) -> int:
    """Answer how many patients of visits to come could not be reminded."""
    return failed_of(actor).count()


def _to_look_at(found: QuerySet[Reminder]) -> QuerySet[Reminder]:
    """Of no use any more is what was for a visit that is over, and old ones need no look-up."""
    now = timezone.now()
    return found.filter(
        Q(due_at__gte=now - timedelta(days=60)),
        state=Reminder.State.FAILED,
        starts_at__gt=now,
    )


def get_reminder(actor: User, pk: UUID) -> Reminder:
    """Answer a reminder of a rule's."""
    found = None
    if reach_of(actor, Action.VIEW, Resource.MESSAGES) is Reach.ALL:
        rows = Reminder.objects.filter(pk=pk, rule__isnull=False)
        found = rows.select_related("patient", "rule", "appointment").first()
    if found is None:
        raise Http404
    return found


def rules_in_use() -> list[ReminderRule]:
    """Answer the rules of the list, those that are on first."""
    found = ReminderRule.objects.filter(is_retired=False).select_related(
        "template", "fallback", "appointment_type", "location"
    )
    return sorted(found, key=lambda rule: (not rule.is_on, -_hours(rule), str(rule.pk)))


def _hours(rule: ReminderRule) -> int:
    return rule.amount * (24 if rule.unit == ReminderRule.Unit.DAYS else 1)


def all_templates() -> list[MessageTemplate]:
    """Answer the templates that are in use."""
    return list(MessageTemplate.objects.filter(is_active=True).order_by("channel", "name"))
