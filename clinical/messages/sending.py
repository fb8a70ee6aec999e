"""Texts and mails to patients: written with what asks for them, delivered by the outbox.

A message is queued here and carried by `connections.outbox`: a text as "sms.message" (the handler
belongs to whoever talks to the vendor), a mail as "messages.mail". What is on its way is looked at
once more before it leaves (`text_to_send`), and what the vendor said comes back (`note_taken`,
`note_refused`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.permissions import Action, Resource
from clinical.consents.selectors import may_contact
from clinical.messages import fields, opting
from clinical.messages.conversing import note_turn
from clinical.messages.models import Message, Reminder
from clinical.messages.numbers import comparable, mail_of, mobile_of
from clinical.practice.rules import require
from clinical.rights.uses import REMINDERS, objection
from connections import outbox
from connections.models import OutboxEntry
from ports.phones import NumberError, mobile_number
from ports.segments import normalise
from ports.sms import OutgoingSms, SmsState

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User
    from clinical.appointments.models import Appointment
    from clinical.patients.models import Patient
    from ports.sms import SmsAnswer

TEXT, MAIL = "sms.message", "messages.mail"
LONGEST_TEXT = 1_000
LONGEST_PROBLEM = 300
MICROS_A_CENT = 100
State = Message.State
_MAY_GO = frozenset({State.QUEUED, State.UNCLEAR, State.FAILED})
"""Also what failed: somebody has asked the outbox to try again."""


class CannotSendError(ValueError):
    """The patient cannot or must not be written to this way; the message is for a person."""


def why_no_text(patient: Patient | None, number: str, *, at: datetime) -> str:
    """Answer why no text may go out; nothing where it may."""
    if not number:
        return "No mobile number is kept for the patient."
    if opting.is_opted_out(number):
        return "The number has asked for no texts (STOP)."
    return _why_not(patient, "sms", at)


def why_no_mail(patient: Patient, address: str, *, at: datetime) -> str:
    """Answer why no mail may go out; nothing where it may."""
    if not address:
        return "No e-mail address is kept for the patient."
    return _why_not(patient, "email", at)


def _why_not(patient: Patient | None, channel: str, at: datetime) -> str:
    if patient is None:
        return ""
    if patient.is_archived:
        return "The patient's record is archived."
    return may_contact(patient, channel, today=timezone.localdate(at))


@transaction.atomic
def send_text(
    patient: Patient | None,
    body: str,
    *,
    actor: User | None,
    at: datetime | None = None,
    appointment: Appointment | None = None,
    reminder: Reminder | None = None,
    number: str = "",
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    key: str = "",
) -> Message:
    """Queue a text; to a number of nobody's without a patient. The same key twice is one text.

    `actor`: who writes it; None for what the clinic sends by itself. Raises CannotSendError.
    """
    if actor is not None:
        require(actor, Action.CREATE, Resource.MESSAGES)
    at = at or timezone.now()
    if key and (held := Message.objects.filter(key=key).first()):
        return held
    number = comparable(number) if number else mobile_of(patient) if patient else ""
    if not body.strip():
        raise CannotSendError("Write something first.")
    if problem := why_no_text(patient, number, at=at):
        raise CannotSendError(problem)
    try:
        address = mobile_number(number)
    except NumberError as error:
        raise CannotSendError(error.words) from error
    message = Message.objects.create(
        patient=patient,
        appointment=appointment,
        reminder=reminder,
        channel=Message.Channel.SMS,
        address=address,
        normalised=number,
        body=normalise(body.strip())[:LONGEST_TEXT],
        due_at=not_before or at,
        written_by=actor.name if actor else "",
        key=key,
    )
    if reminder is None:
        note_turn(message, at=at)
    put_text(message, not_before=not_before, not_after=not_after)
    return message


@transaction.atomic
def send_mail(
    patient: Patient,
    subject: str,
    body: str,
    *,
    actor: User | None,
    at: datetime | None = None,
    appointment: Appointment | None = None,
    reminder: Reminder | None = None,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    key: str = "",
) -> Message:
    """Queue a mail to a patient. The same key twice is one mail; raises CannotSendError."""
    if actor is not None:
        require(actor, Action.CREATE, Resource.MESSAGES)
    at = at or timezone.now()
    if key and (held := Message.objects.filter(key=key).first()):
        return held
    address = mail_of(patient)
    if problem := why_no_mail(patient, address, at=at):
        raise CannotSendError(problem)
    message = Message.objects.create(
        patient=patient,
        appointment=appointment,
        reminder=reminder,
        channel=Message.Channel.EMAIL,
        address=address,
        normalised=address.lower(),
        subject=" ".join(subject.split()),
        body=body.strip(),
        due_at=not_before or at,
        written_by=actor.name if actor else "",
        key=key,
    )
    put_mail(message, not_before=not_before, not_after=not_after)
    return message


def put_text(
    message: Message,
    *,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    attempt: int = 1,
) -> OutboxEntry:
    """Hand a queued text to the outbox; `attempt` counts what people asked for."""
    return outbox.put(
        TEXT,
        message,
        key=entry_key(message.pk, attempt),
        not_before=not_before,
        not_after=not_after,
    )


def put_mail(
    message: Message,
    *,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    attempt: int = 1,
) -> OutboxEntry:
    """Hand a queued mail to the outbox."""
    return outbox.put(
        MAIL,
        message,
        key=entry_key(message.pk, attempt),
        not_before=not_before,
        not_after=not_after,
    )


def entry_key(message_id: UUID, attempt: int = 1) -> str:
    return f"message:{message_id}:{attempt}"


def wanted_message(message_id: UUID, *, at: datetime) -> Message:
    """Answer a queued message as it is to go out now; raises outbox.NothingToSendError.

    What it says of that is written down: whoever catches it keeps it (else `follow_outbox` finds it).
    Looked at again: what the patient said in the meantime, and of a reminder the visit it tells of.
    """
    message = (
        Message.objects.select_related(
            "patient",
            "reminder__appointment__location",
            "reminder__appointment__practitioner",
            "reminder__appointment__appointment_type",
            "reminder__rule__template",
            "reminder__rule__fallback",
        )
        .filter(pk=message_id)
        .first()
    )
    if message is None:
        raise outbox.NothingToSendError("The message was deleted.")
    if message.state not in _MAY_GO:
        raise outbox.NothingToSendError(f"The message is “{message.get_state_display()}” already.")
    if problem := _why_no_longer(message, at):
        call_off(message, problem, at=at)
        raise outbox.NothingToSendError(problem)
    if message.reminder is not None:
        _say_it_anew(message, message.reminder)
    return message


def text_to_send(message_id: UUID, *, at: datetime | None = None) -> OutgoingSms:
    """Answer the text for the vendor's `prepare`; raises outbox.NothingToSendError."""
    message = wanted_message(message_id, at=at or timezone.now())
    return OutgoingSms(to=message.address, body=message.body, reference=str(message.pk))


def _say_it_anew(message: Message, reminder: Reminder) -> None:
    """Write a reminder from the visit as it stands now: the place or the clinician may be others."""
    template = fields.template_for(reminder.rule, message.channel)
    if template is None or reminder.appointment is None or message.patient is None:
        return
    said = fields.written(template, fields.facts_of(reminder.appointment, message.patient))
    if (said.subject, said.body) != (message.subject, message.body):
        message.subject, message.body = said.subject, said.body
        message.save(update_fields=["subject", "body", "changed_at"])
        Reminder.objects.filter(pk=reminder.pk).update(body=said.body)


def _why_no_longer(message: Message, at: datetime) -> str:
    if message.channel == Message.Channel.SMS:
        problem = why_no_text(message.patient, message.normalised, at=at)
    elif message.patient is not None:
        problem = why_no_mail(message.patient, message.address, at=at)
    else:
        problem = ""
    if problem or message.reminder is None:
        return problem
    if message.patient_id and (problem := objection(message.patient_id, REMINDERS)):
        return problem
    return why_not_remind(message.reminder, at=at)


def why_not_remind(reminder: Reminder, *, at: datetime) -> str:
    """Answer why a visit is not to be reminded of any more; nothing where it is."""
    visit = reminder.appointment
    if visit is None or visit.patient_id is None:
        return "The visit was deleted."
    if visit.status not in {visit.Status.BOOKED, visit.Status.CONFIRMED}:
        return f"The visit is “{visit.get_status_display()}”."
    if visit.starts_at != reminder.starts_at:
        return "The visit was moved; it is reminded of anew."
    if visit.starts_at <= at:
        return "The visit has begun."
    return ""


@transaction.atomic
def call_off(message: Message, problem: str, *, at: datetime) -> None:
    """Send a queued message no more, and its reminder with it."""
    Message.objects.filter(pk=message.pk, state__in=_MAY_GO).update(
        state=State.CANCELLED, problem=problem[:LONGEST_PROBLEM], changed_at=at
    )
    _move_reminder(message, Reminder.State.CANCELLED, at=at, problem=problem)


def follow_outbox(at: datetime) -> int:
    """Call off the messages whose entry in the outbox is not wanted any more; answers how many.

    What an entry was cancelled for while it was being prepared, or by a person, is known there only.
    """
    waiting = Message.objects.filter(state=State.QUEUED, direction=Message.Direction.OUT)
    given_up = OutboxEntry.objects.filter(
        subject_type=Message._meta.db_table,
        subject_id__in=waiting.values("pk"),
        state=OutboxEntry.State.CANCELLED,
    )
    words = dict(given_up.values_list("subject_id", "problem"))
    for message in waiting.filter(pk__in=words):
        call_off(message, words[message.pk], at=at)
    return len(words)


@transaction.atomic
def note_taken(
    message_id: UUID,
    *,
    provider: str,
    vendor_id: str = "",
    at: datetime | None = None,
    answer: SmsAnswer | None = None,
) -> None:
    """Remember that the vendor has taken the message, and what it said of parts and cost."""
    at = at or timezone.now()
    facts: dict[str, object] = {"provider": provider, "vendor_id": vendor_id, "problem": ""}
    if answer is not None:
        facts |= {"vendor_id": answer.vendor_id, "currency": answer.currency[:3]}
        if answer.segments is not None:
            facts["segments"] = answer.segments
        if answer.cost_cents is not None:
            facts["cost_micros"] = round(answer.cost_cents * MICROS_A_CENT)
    message = Message.objects.select_for_update().get(pk=message_id)
    # A receipt may be faster than the vendor's own answer.
    is_known = message.vendor_id != "" and message.vendor_id == facts["vendor_id"]
    if is_known and message.state in {State.FAILED, State.DELIVERED}:
        facts.pop("problem")
        Message.objects.filter(pk=message_id).update(**facts, changed_at=at)
        return
    facts |= {"state": State.SENT, "sent_at": at}
    if answer is not None and answer.state == SmsState.DELIVERED:
        facts |= {"state": State.DELIVERED, "delivered_at": at}
    Message.objects.filter(pk=message_id).update(**facts, changed_at=at)
    _move_reminder(message, Reminder.State.SENT, at=at, sent_at=at)


@transaction.atomic
def note_refused(
    message_id: UUID, words: str, *, at: datetime | None = None, is_unclear: bool = False
) -> None:
    """Remember that the message was not taken, or that nobody knows whether it was."""
    at = at or timezone.now()
    message = Message.objects.select_for_update().get(pk=message_id)
    if message.state not in _MAY_GO:
        return
    problem = words[:LONGEST_PROBLEM]
    Message.objects.filter(pk=message_id).update(
        state=State.UNCLEAR if is_unclear else State.FAILED, problem=problem, changed_at=at
    )
    _move_reminder(message, Reminder.State.FAILED, at=at, problem=problem)


def _move_reminder(
    message: Message,
    state: str,
    *,
    at: datetime,
    problem: str = "",
    sent_at: datetime | None = None,
) -> None:
    if message.reminder_id is None:
        return
    facts = {"sent_at": sent_at} if sent_at else {}
    Reminder.objects.filter(pk=message.reminder_id).update(
        state=state, problem=problem[:LONGEST_PROBLEM], changed_at=at, **facts
    )
