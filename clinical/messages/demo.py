"""Reminder rules, words and conversations of a demo clinic around today. All of it is invented.

The numbers are of the ranges that are kept for fiction (ACMA); nothing is queued, so nothing goes out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from clinical.appointments.models import Appointment
from clinical.messages.models import (
    Conversation,
    Message,
    MessageTemplate,
    OptOut,
    Reminder,
    ReminderRule,
)
from clinical.messages.numbers import mobile_of
from clinical.patients.models import Patient
from ports.phones import any_number
from tenants.ids import uuid7

if TYPE_CHECKING:
    import random
    from datetime import datetime

_TWO_DAYS = (
    "Hi {{first_name}}, your appointment at {{clinic}} {{location}} is on {{day}} at {{time}}. "
    "{{confirm}} Questions? {{phone}}"
)
_MAIL = (
    "Dear {{first_name}}\n\nThis is to remind you of your appointment with {{clinician}} on "
    "{{long_day}} at {{time}}.\n\nWhere: {{location}}\n{{address}}\n\nIf the time does not suit, "
    "please call {{phone}}.\n\n{{clinic}}"
)
_WORDS = (
    ("Two days before", "sms", "", _TWO_DAYS, False),
    ("A week before", "email", "Your appointment on {{day}}", _MAIL, False),
    ("Running late", "sms", "", "Hi {{first_name}}, we are running about 15 minutes late today. "
     "Sorry for the wait. {{clinic}}", True),
    ("Please call us", "sms", "", "Hi {{first_name}}, please call {{clinic}} on {{phone}} when you "
     "have a moment.", True),
    ("Ready to collect", "sms", "", "Hi {{first_name}}, what you ordered is ready to collect at "
     "{{location}}. {{clinic}}", True),
)  # fmt: skip
_TALKS = (
    (("out", "Hi {name}, please call us on (02) 5550 0110 when you have a moment."),
     ("in", "Will do after lunch, thanks")),
    (("in", "Hi, is there parking behind the building?"),
     ("out", "Yes, two spaces marked for visitors. See you soon."),
     ("in", "Great, thank you")),
    (("in", "Running 10 min late sorry, stuck at the bridge"),),
    (("in", "Could I bring my daughter along on Thursday?"),
     ("out", "Of course.")),
    (("in", "N can't make it, any chance of Friday?"),),
)  # fmt: skip
_READ_TALKS = (0, 1, 3)
_LOOKED_THROUGH = 400
_SENT = 24


def fill(chance: random.Random, now: datetime) -> None:
    """Write rules, words, reminders that went out and conversations, where there are none."""
    if MessageTemplate.objects.exists() or not Appointment.objects.exists():
        return
    words = {
        name: MessageTemplate(
            name=name, channel=channel, subject=subject, body=body, is_quick=is_quick
        )
        for name, channel, subject, body, is_quick in _WORDS
    }
    MessageTemplate.objects.bulk_create(words.values())
    texted = ReminderRule.objects.create(
        template=words["Two days before"],
        fallback=words["A week before"],
        is_on=True,
        on_since=now,
        avoids_weekends=True,
    )
    ReminderRule.objects.create(
        template=words["A week before"], amount=7, is_on=True, on_since=now, notice_hours=72
    )
    _remember(chance, now, texted)
    _talk(chance, now)


def _remember(chance: random.Random, now: datetime, rule: ReminderRule) -> None:
    """Write reminders that have gone out, so that answers have something to answer."""
    visits = list(
        Appointment.objects.filter(
            starts_at__gt=now,
            starts_at__lt=now + timedelta(days=3),
            status__in=["booked", "confirmed"],
            patient__is_archived=False,
        )
        .select_related("patient")
        .prefetch_related("patient__contact_points")[:_SENT]
    )
    reminders, messages = [], []
    for number, visit in enumerate(visits):
        assert visit.patient is not None  # noqa: S101 - asked for by the query
        mobile = mobile_of(visit.patient)
        sent_at = now - timedelta(minutes=chance.randrange(30, 60 * 20))
        is_yes = visit.status == Appointment.Status.CONFIRMED
        failed = not mobile
        body = f"Hi {visit.patient.given_names or 'there'}, this is to remind you of your visit."
        kept = Reminder(
            pk=uuid7(), patient=visit.patient, appointment=visit, rule=rule,
            starts_at=visit.starts_at, due_at=sent_at, channel="sms", body=body,
            sent_at=None if failed else sent_at,
            state=Reminder.State.FAILED if failed else Reminder.State.SENT,
            problem="No mobile number is kept. No e-mail address is kept." if failed else "",
            reply="yes" if is_yes and mobile else "no" if number == 3 and mobile else "",  # noqa: PLR2004
            replied_at=sent_at + timedelta(minutes=20) if is_yes and mobile else None,
        )  # fmt: skip
        reminders.append(kept)
        if mobile:
            messages.append(_reminding(kept, mobile, sent_at))
    Reminder.objects.bulk_create(reminders)
    Message.objects.bulk_create(messages)


def _reminding(reminder: Reminder, mobile: str, sent_at: datetime) -> Message:
    return Message(
        patient=reminder.patient, appointment=reminder.appointment, reminder=reminder,
        channel="sms", direction="out", address=any_number(mobile), normalised=mobile,
        body=reminder.body, due_at=sent_at, sent_at=sent_at, segments=1,
        state=Message.State.DELIVERED, delivered_at=sent_at + timedelta(seconds=8),
    )  # fmt: skip


def _talk(chance: random.Random, now: datetime) -> None:
    """Write conversations of today and yesterday, one of them with a number of nobody's."""
    people = Patient.objects.filter(is_archived=False).prefetch_related("contact_points")
    able = [one for one in people[:_LOOKED_THROUGH] if mobile_of(one)]
    chosen = chance.sample(able, min(len(able), len(_TALKS)))
    held: dict[str, Conversation] = {}
    messages = []
    for number, (patient, turns) in enumerate(zip(chosen, _TALKS, strict=False)):
        moment = now - timedelta(minutes=chance.randrange(20, 1200) + 30 * len(turns))
        for direction, body in turns:
            moment += timedelta(minutes=chance.randrange(2, 25))
            messages.append(_turn(patient, mobile_of(patient), direction, body, moment))
        is_read = number in _READ_TALKS
        held[mobile_of(patient)] = _conversation(patient, messages[-1], unread=not is_read)
    stranger = _turn(None, "0491570006", "in", "Hello, is this the clinic? Wrong number?", now)
    held["0491570006"] = _conversation(None, stranger, unread=True)
    Conversation.objects.bulk_create(held.values(), ignore_conflicts=True)
    Message.objects.bulk_create([*messages, stranger])
    quiet = next((one for one in able if one not in chosen), None)
    if quiet is not None:
        OptOut.objects.create(
            number=mobile_of(quiet), way=OptOut.Way.REPLY, note="STOP",
            began_at=now - timedelta(days=9),
        )  # fmt: skip


def _turn(
    patient: Patient | None, number: str, direction: str, body: str, moment: datetime
) -> Message:
    is_in = direction == "in"
    name = (patient.preferred_name or patient.given_names) if patient else ""
    return Message(
        patient=patient, channel="sms", direction=direction, address=any_number(number),
        normalised=number, body=body.format(name=name), sent_at=moment, due_at=moment,
        state=Message.State.RECEIVED if is_in else Message.State.DELIVERED,
        written_by="" if is_in else "Reception", segments=None if is_in else 1,
    )  # fmt: skip


def _conversation(patient: Patient | None, last: Message, *, unread: bool) -> Conversation:
    return Conversation(
        number=last.normalised, patient=patient, last_at=last.sent_at or timezone.now(),
        last_text=last.body[:160], last_is_ours=last.direction == "out", unread=int(unread),
    )  # fmt: skip
