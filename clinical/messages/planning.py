"""Reminding of visits: what is due becomes rows, messages and outbox entries in one transaction.

There is no row before a reminder is due, unless somebody has held it back or left it out: so a visit
that is moved or called off needs nothing undone. One visit, one rule and one start make one row (a
constraint), so whatever runs twice, or dies and runs again, sends once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.messages import fields
from clinical.messages.due import MADE_UP_FOR, due_between
from clinical.messages.models import Message, MessageTemplate, OptOut, Reminder
from clinical.messages.quiet import current_text_settings, quiet_until
from clinical.messages.sending import MAIL, TEXT, entry_key
from clinical.practice.models import Location
from clinical.practice.rules import require
from connections import outbox
from connections.models import OutboxEntry
from connections.providers import Trade
from connections.selectors import in_use
from ports.phones import NumberError, mobile_number
from tenants.ids import uuid7
from tenants.running import running_clinic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User
    from clinical.messages.due import Due
    from clinical.messages.models import TextSettings
    from tenants.running import RunningClinic

State = Reminder.State
BATCH = 1_000
EVER = timedelta(days=700)


class ReminderError(ValueError):
    """What was asked for cannot be done to the reminder; the message is for a person."""


@dataclass(frozen=True)
class Outlook:
    """What becomes of one due reminder: how and with what words it goes out, or why it does not.

    `left_out`: there is nothing to remind of. `problem`: the patient cannot be reached, and somebody
    might want to call.
    """

    due: Due
    channel: str
    said: fields.Said | None = None
    address: str = ""
    normalised: str = ""
    left_out: str = ""
    problem: str = ""
    not_before: datetime | None = None

    @property
    def goes_out(self) -> bool:
        return self.said is not None and not self.due.state

    @property
    def is_fallback(self) -> bool:
        return self.said is not None and self.channel != self.due.channel


class _Clinic:
    """What is asked once for all that is due: words, places, numbers that want nothing."""

    def __init__(self, found: Sequence[Due], *, now: datetime, clinic: RunningClinic) -> None:
        self.now, self.clinic = now, clinic
        wanted = {one.template_id for one in found} | {one.fallback_id for one in found}
        self.templates = MessageTemplate.objects.in_bulk([pk for pk in wanted if pk])
        self.places = Location.objects.in_bulk(list({one.location_id for one in found} - {None}))
        numbers = list({one.mobile for one in found} - {""})
        stopped = OptOut.objects.filter(ended_at=None, number__in=numbers)
        self.stopped = frozenset(stopped.values_list("number", flat=True))
        self.texts = in_use(Trade.SMS) is not None
        self.how: TextSettings = current_text_settings()

    def outlook(self, due: Due, *, insists: bool = False) -> Outlook:
        """Answer what becomes of one; `insists`: a person wants it, whatever the rule says."""
        left_out = why_left_out(due)
        if left_out and (due.is_archived or not insists):
            return Outlook(due, due.channel, left_out=left_out)
        template = self.templates[due.template_id]
        problem = self._why_not(due, template.channel)
        fallback = self.templates.get(due.fallback_id) if due.fallback_id else None
        if problem and fallback is not None and fallback.channel != template.channel:
            other = self._why_not(due, fallback.channel)
            if other:
                return Outlook(due, due.channel, problem=f"{problem} {other}")
            return self._by(due, fallback)
        if problem:
            return Outlook(due, due.channel, problem=problem)
        return self._by(due, template)

    def _why_not(self, due: Due, channel: str) -> str:
        if due.is_refused:
            return "The patient has not consented to SMS and e-mail."
        return self._why_no_mail(due) if channel == "email" else self._why_no_text(due)

    def _why_no_mail(self, due: Due) -> str:
        if not due.mail:
            return "No e-mail address is kept."
        return "The patient wants no e-mails." if due.no_email else ""

    def _why_no_text(self, due: Due) -> str:
        if not self.texts:
            return "No SMS account is connected."
        if not due.mobile:
            return "No mobile number is kept."
        if due.no_sms:
            return "The patient wants no texts."
        return "The number has asked for no texts (STOP)." if due.mobile in self.stopped else ""

    def _by(self, due: Due, template: MessageTemplate) -> Outlook:
        place = self.places.get(due.location_id) if due.location_id else None
        zone = ZoneInfo(due.zone)
        setting = "telehealth" if due.video_link else due.setting
        facts = fields.MessageFacts(
            first_name=fields.first_name(due.preferred_name, due.given_names, due.name),
            clinic=self.clinic.name,
            starts_at=due.starts_at.astimezone(zone),
            **fields.place_facts(place, setting),
            clinician=due.clinician,
            link=due.video_link,
        )
        address = due.mail.strip()
        if template.channel == "sms":
            try:
                address = mobile_number(due.mobile)
            except NumberError as error:
                return Outlook(due, due.channel, problem=error.words)
        goes_at = max(due.due_at, self.now)
        return Outlook(
            due,
            template.channel,
            said=fields.written(template, facts),
            address=address,
            normalised=due.mobile if template.channel == "sms" else address.lower(),
            not_before=quiet_until(self.how, goes_at, zone),
        )


def why_left_out(due: Due) -> str:
    """Answer why there is nothing to remind of; nothing where there is."""
    if due.is_archived:
        return "The patient's record is archived."
    if due.is_confirmed:
        return "The visit is confirmed already."
    if due.is_short_notice:
        return "Booked too shortly before the visit."
    if due.is_booked_after:
        return "Booked after the reminder was due."
    return "The rule was not on yet when it was due." if due.is_before_rule else ""


def outlooks(found: Sequence[Due], *, now: datetime, insists: bool = False) -> list[Outlook]:
    """Answer what becomes of each."""
    if not found:
        return []
    asked = _Clinic(found, now=now, clinic=running_clinic())
    return [asked.outlook(one, insists=insists) for one in found]


@transaction.atomic
def plan_due(now: datetime) -> int:
    """Write down and queue all that is due now; answers how many reminders."""
    zone = running_clinic().time_zone
    found = due_between(now - MADE_UP_FOR, now, now=now, zone=zone, only_new=True, only_open=True)
    wanted = [one for one in outlooks(found, now=now) if not one.left_out]
    return len(_write(wanted, now=now)) if wanted else 0


def _write(wanted: Sequence[Outlook], *, now: datetime, by: str = "") -> list[UUID]:
    """Write reminders, their messages and what the outbox carries; answers the new reminders' ids."""
    rows = [(uuid7(), one) for one in wanted]
    Reminder.objects.bulk_create(
        [_reminder(pk, one, by) for pk, one in rows], batch_size=BATCH, ignore_conflicts=True
    )
    # Whoever was faster has the row: what bears our id is ours to send.
    ours = set(Reminder.objects.filter(pk__in=[pk for pk, _ in rows]).values_list("pk", flat=True))
    _queue([(pk, one) for pk, one in rows if pk in ours and one.said is not None], now=now, by=by)
    return [pk for pk, _ in rows if pk in ours]


def _reminder(pk: UUID, outlook: Outlook, by: str) -> Reminder:
    due = outlook.due
    return Reminder(
        pk=pk,
        patient_id=due.patient_id,
        appointment_id=due.appointment_id,
        rule_id=due.rule_id,
        starts_at=due.starts_at,
        due_at=due.due_at,
        channel=outlook.channel,
        body=outlook.said.body if outlook.said else "",
        state=State.QUEUED if outlook.said else State.FAILED,
        problem=outlook.problem,
        by=by,
    )


def _queue(
    rows: Sequence[tuple[UUID, Outlook]], *, now: datetime, by: str, attempt: int = 1
) -> None:
    messages = [_message(pk, one, now, by, attempt) for pk, one in rows]
    Message.objects.bulk_create(messages, batch_size=BATCH)
    entries = [
        OutboxEntry(
            kind=TEXT if message.channel == Message.Channel.SMS else MAIL,
            key=entry_key(message.pk),
            subject_type=Message._meta.db_table,
            subject_id=message.pk,
            not_before=one.not_before or now,
            not_after=one.due.starts_at,
        )
        for message, (_pk, one) in zip(messages, rows, strict=True)
    ]
    OutboxEntry.objects.bulk_create(entries, batch_size=BATCH)
    if entries:
        outbox.deliver_after_commit()


def _message(pk: UUID, outlook: Outlook, now: datetime, by: str, attempt: int) -> Message:
    assert outlook.said is not None  # noqa: S101 - the caller leaves out what is not said
    return Message(
        patient_id=outlook.due.patient_id,
        appointment_id=outlook.due.appointment_id,
        reminder_id=pk,
        channel=outlook.channel,
        address=outlook.address,
        normalised=outlook.normalised,
        subject=outlook.said.subject,
        body=outlook.said.body,
        due_at=outlook.not_before or now,
        written_by=by,
        key=f"reminder:{pk}:{attempt}",
    )


# ── what people do to single ones ────────────────────────────────────────────────────────────────


def outlook_of(visit_id: UUID, rule_id: UUID, *, now: datetime) -> Outlook:
    """Answer what becomes of one visit by one rule; raises ReminderError where it does not apply."""
    zone = running_clinic().time_zone
    found = due_between(now - EVER, now + EVER, now=now, zone=zone, visit=visit_id)
    fitting = [one for one in found if one.rule_id == rule_id]
    if not fitting:
        raise ReminderError("The visit has changed, or the rule is off. Look at the list again.")
    return outlooks(fitting, now=now, insists=True)[0]


@transaction.atomic
def set_aside(
    visit_id: UUID, rule_id: UUID, *, actor: User, at: datetime, state: str = State.HELD
) -> Reminder:
    """Hold one back until somebody lets it go, or leave it out."""
    require(actor, Action.CREATE, Resource.MESSAGES)
    outlook = outlook_of(visit_id, rule_id, now=at)
    held = _reminder(uuid7(), outlook, actor.name)
    held.state, held.problem = state, ""
    Reminder.objects.bulk_create([held], ignore_conflicts=True)
    if not Reminder.objects.filter(pk=held.pk).exists():
        raise ReminderError("This one is on its way already, or was set aside before.")
    return held


@transaction.atomic
def let_go(reminder: Reminder, *, actor: User, at: datetime) -> None:
    """Let one that was held back or left out go when it is due; sends it now where that is past."""
    require(actor, Action.CREATE, Resource.MESSAGES)
    aside = Reminder.objects.filter(pk=reminder.pk, state__in=[State.HELD, State.SKIPPED])
    if not aside.delete()[0]:
        raise ReminderError("This one was not held back.")
    is_past = reminder.due_at is not None and reminder.due_at <= at
    if is_past and reminder.appointment_id and reminder.rule_id:
        send_now(reminder.appointment_id, reminder.rule_id, actor=actor, at=at)


@transaction.atomic
def send_now(visit_id: UUID, rule_id: UUID, *, actor: User, at: datetime) -> UUID:
    """Send one before it is due; what was held back or left out too. Raises ReminderError."""
    require(actor, Action.CREATE, Resource.MESSAGES)
    outlook = outlook_of(visit_id, rule_id, now=at)
    if outlook.due.reminder_id and outlook.due.state in {State.HELD, State.SKIPPED}:
        Reminder.objects.filter(pk=outlook.due.reminder_id).delete()
    if outlook.said is None:
        raise ReminderError(outlook.problem or outlook.left_out)
    written = _write([outlook], now=at, by=actor.name)
    if not written:
        raise ReminderError("This one has been sent, or is on its way.")
    return written[0]


@transaction.atomic
def send_again(reminder: Reminder, *, actor: User, at: datetime) -> None:
    """Try one more time what did not go out or did not arrive; raises ReminderError."""
    require(actor, Action.CREATE, Resource.MESSAGES)
    held = Reminder.objects.select_for_update().filter(pk=reminder.pk, state=State.FAILED).first()
    if held is None or held.appointment_id is None or held.rule_id is None:
        raise ReminderError("Only what was not sent can be sent again.")
    outlook = outlook_of(held.appointment_id, held.rule_id, now=at)
    if outlook.due.reminder_id != held.pk:
        raise ReminderError("The visit was moved; it is reminded of anew.")
    if outlook.said is None:
        raise ReminderError(outlook.problem or outlook.left_out)
    attempt = held.messages.filter(direction=Message.Direction.OUT).count() + 1
    Reminder.objects.filter(pk=held.pk).update(
        state=State.QUEUED, problem="", channel=outlook.channel, body=outlook.said.body,
        by=actor.name, changed_at=at,
    )  # fmt: skip
    _queue([(held.pk, outlook)], now=at, by=actor.name, attempt=attempt)


@transaction.atomic
def told_otherwise(reminder: Reminder, *, actor: User, at: datetime) -> None:
    """Take one that failed off the list: somebody has called the patient."""
    require(actor, Action.CREATE, Resource.MESSAGES)
    failed = Reminder.objects.filter(pk=reminder.pk, state=State.FAILED)
    if not failed.update(
        state=State.SKIPPED, problem="Told otherwise.", by=actor.name, changed_at=at
    ):
        raise ReminderError("This one did not fail.")
