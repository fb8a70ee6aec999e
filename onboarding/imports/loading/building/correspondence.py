"""Notes, letters, reminders and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.letters.models import Letter
from clinical.messages.models import Message, Reminder
from clinical.notes.models import Note
from onboarding.imports.loading.building.base import (
    STAMPS_ONLY,
    Built,
    Refused,
    appointment_of,
    iso,
    known,
    moment_of,
    notes_on,
    patient_of,
    practitioner_of,
)
from onboarding.imports.targets import PATIENT, REFERRER
from onboarding.imports.values.issues import Issue

if TYPE_CHECKING:
    from datetime import datetime

    from onboarding.imports.loading.building.base import Workshop
    from onboarding.imports.loading.reading import ReadRecord


def build_note(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build a note, signed as it was; one without any date takes that of its appointment."""
    if not record.has("body", "title"):
        return Refused("skipped", "A blank record: it holds no text.")
    appointment = appointment_of(record, shop)
    patient = patient_of(record, shop, appointment)
    if isinstance(patient, str):
        return Refused("quarantined", patient)
    noted_at = moment_of(record, shop, "noted")
    if noted_at is None and appointment:
        noted_at = shop.references.start_of(appointment)
        if noted_at is not None:
            record.note(
                "body", Issue("note_by_visit", "No date: that of its appointment is taken.")
            )
    if noted_at is None:
        why = next((i.message for i in record.issues if i.code.startswith("date_")), "")
        return Refused("quarantined", f"No valid date. {why}".strip())
    practitioner, name = practitioner_of(record, shop)
    main = {
        "patient_id": str(patient),
        "appointment_id": appointment,
        "practitioner_id": practitioner,
        "author_name": record.text("author") or name,
        "kind": record.text("kind"),
        "title": record.text("title"),
        "body": _headed(record),
        "noted_at": noted_at.isoformat(),
        "state": str(Note.State.SIGNED),
        "source_note": notes_on(record),
        "extra": record.extra,
    }
    return Built(main)


def _headed(record: ReadRecord) -> str:
    """Join the text; where several fields hold it, each part under its field's name."""
    values = record.values.get("body", ())
    if len({value.rule.field_id for value in values}) < 2:  # noqa: PLR2004
        return record.joined("body")
    return "\n\n".join(f"{value.label}\n{value.value}" for value in values)


def build_letter(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build a letter; without a word about its state it counts as final."""
    if not record.has("body", "subject", "recipient"):
        return Refused("skipped", "A blank record: it holds no text.")
    patient = patient_of(record, shop, None)
    if isinstance(patient, str):
        return Refused("quarantined", patient)
    practitioner, name = practitioner_of(record, shop)
    contact = known(record, shop, "contact", REFERRER)
    recipient = record.joined("recipient")
    if contact and not recipient:
        recipient = shop.references.name_of_referrer(contact)
    main = {
        "patient_id": str(patient),
        "practitioner_id": practitioner,
        "contact_id": contact,
        "author_name": name,
        "recipient": recipient,
        "subject": record.text("subject"),
        "body": record.joined("body", "\n\n"),
        "letter_date": iso(record.first("letter_date")),
        "state": record.text("state") or str(Letter.State.FINAL),
        "source_note": notes_on(record),
        "extra": record.extra,
    }
    return Built(main)


def build_reminder(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build a reminder; one that is due no more and not known to be sent is not sent again."""
    if not record.has("body", "due_at", "due_on", "sent_at", "sent_on", "appointment", "state"):
        return STAMPS_ONLY
    appointment = appointment_of(record, shop)
    patient = patient_of(record, shop, appointment)
    if isinstance(patient, str):
        return Refused("quarantined", patient)
    due_at, sent_at = moment_of(record, shop, "due"), moment_of(record, shop, "sent")
    main = {
        "patient_id": str(patient),
        "appointment_id": appointment,
        "channel": record.text("channel") or str(Reminder.Channel.OTHER),
        "due_at": iso(due_at),
        "sent_at": iso(sent_at),
        "state": record.text("state") or _reminder_state(due_at, sent_at, shop.now),
        "body": record.joined("body"),
        "source_note": notes_on(record),
        "extra": record.extra,
    }
    return Built(main)


def _reminder_state(due_at: datetime | None, sent_at: datetime | None, now: datetime) -> str:
    if sent_at is not None:
        return str(Reminder.State.SENT)
    if due_at is not None and due_at > now:
        return str(Reminder.State.PLANNED)
    return str(Reminder.State.CANCELLED)


def build_message(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build a message as history: it is never sent again. One of nobody known stands without patient."""
    if not record.has("body", "address"):
        return Refused("skipped", "A blank record: it holds no text and no number.")
    appointment = appointment_of(record, shop)
    patient = patient_of(record, shop, appointment)
    if isinstance(patient, str):
        if record.has(PATIENT):
            return Refused("quarantined", patient)
        record.note("body", Issue("message_unlinked", "No patient is given: kept without one."))
    incoming = record.text("direction") == Message.Direction.IN
    address = record.text("address")
    main = {
        "patient_id": None if isinstance(patient, str) else str(patient),
        "appointment_id": appointment,
        "channel": record.text("channel") or str(_channel(address)),
        "direction": record.text("direction") or str(Message.Direction.OUT),
        "address": address,
        "body": record.joined("body"),
        "sent_at": iso(moment_of(record, shop, "sent")),
        "state": _message_state(record, incoming=incoming),
        "source_note": notes_on(record),
        "extra": record.extra,
    }
    if main["channel"] not in Message.Channel.values:
        main["channel"] = str(Message.Channel.OTHER)
    return Built(main)


def _channel(address: str) -> Message.Channel:
    return Message.Channel.EMAIL if "@" in address else Message.Channel.SMS


def _message_state(record: ReadRecord, *, incoming: bool) -> str:
    """What the old system still had in its queue is not sent from here: it counts as not delivered."""
    states = Message.State
    if incoming:
        return str(states.RECEIVED)
    said = record.text("state") or str(states.SENT)
    if said == states.QUEUED:
        record.note("state", Issue("message_queued", "Never sent by the old system: not sent now."))
        return str(states.FAILED)
    return said
