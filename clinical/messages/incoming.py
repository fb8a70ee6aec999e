"""Texts from telephones: whose they are, which reminder they answer, and what follows.

A yes confirms the visit in the diary. A no never frees the time by itself: somebody looks at it. All
else goes to the inbox, as does a yes or no with more words to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from clinical.appointments.errors import AppointmentError
from clinical.appointments.models import Appointment
from clinical.appointments.services import confirm_for_patient
from clinical.appointments.statuses import STILL_TO_COME
from clinical.messages import opting
from clinical.messages.conversing import note_turn
from clinical.messages.models import Conversation, Message, OptOut, Reminder, TextSettings
from clinical.messages.numbers import comparable
from clinical.messages.quiet import current_text_settings
from clinical.messages.sending import CannotSendError, send_text
from clinical.patients.models import ContactPoint, Patient
from clinical.practice.clock import today_at, zone_of
from clinical.threads.automatic import open_task_for_reception
from tenants.running import running_clinic
from tenants.scope import Actor, act_as, current_scope

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from ports.sms import IncomingSms

OPEN_FOR = timedelta(hours=72)
"""So long after it was sent a reminder is taken to be what a text answers."""
BY_PATIENT = "Patient by SMS"
MOST_PEOPLE = 20
_YES = re.compile(r"\s*(y|yes|yep|confirm|1)\b", re.IGNORECASE)
_NO = re.compile(r"\s*(n|no|2)\b", re.IGNORECASE)
_POLITE = re.compile(
    r"(please|pls|thanks?|thank you|thx|ta|cheers|ok|okay|ed|confirmed?|confirming|see you|"
    r"see you then|will be there|\W|_)*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Match:
    """Whose a text is, and which reminder it answers; nothing where that is not certain."""

    patient: Patient | None = None
    reminder: Reminder | None = None


def received(provider: str, sms: IncomingSms) -> Message:
    """Keep a text and do what it asks for; the same one twice is one message."""
    with timezone.override(running_clinic().zone), transaction.atomic():
        return _received(provider, sms)


def _received(provider: str, sms: IncomingSms) -> Message:
    held = Message.objects.filter(
        provider=provider, vendor_id=sms.vendor_id, direction=Message.Direction.IN
    ).first()
    if held is not None and sms.vendor_id:
        return held
    number = comparable(sms.sender)
    # One text of a number at a time: a second worker waits here and then finds the message.
    Conversation.objects.select_for_update().filter(number=number).first()
    now = timezone.now()
    match = match_of(number, reference=sms.reference, at=min(sms.at, now))
    message = Message.objects.create(
        patient=match.patient,
        appointment=match.reminder.appointment if match.reminder else None,
        reminder=match.reminder,
        channel=Message.Channel.SMS,
        direction=Message.Direction.IN,
        address=sms.sender,
        normalised=number,
        body=sms.body,
        sent_at=min(sms.at, now),
        state=Message.State.RECEIVED,
        provider=provider,
        vendor_id=sms.vendor_id,
    )
    is_settled = _follow(message, match, opting.asked_for(sms.body, sms.opt_out), sms.opt_out)
    note_turn(message, at=now, is_unread=not is_settled)
    return message


def match_of(number: str, *, reference: str, at: datetime) -> Match:
    """Answer who wrote, and of which visit.

    The vendor's reference decides; else the reminder that was sent last within 72 hours of a visit
    that is still to come. Of several people at one number it is the one whose visit is next, unless
    two of them come on the same day.
    """
    open_ = _open_reminders(number, at)
    named = next((one for one in open_ if _is_named(one, reference)), None)
    if named is not None:
        return Match(named.patient, named)
    if not open_:
        return Match(_only_person(number, at))
    people = {one.patient_id for one in open_}
    if len(people) == 1:
        latest = max(open_, key=lambda one: (_sent(one), -_start(one).timestamp()))
        return Match(latest.patient, latest)
    first, *others = sorted(open_, key=_start)
    if any(_day(one) == _day(first) for one in others if one.patient_id != first.patient_id):
        return Match()
    return Match(first.patient, first)


def said(body: str) -> str:
    """Answer "yes", "no" or "other"."""
    if _YES.match(body):
        return Reminder.Reply.YES
    return Reminder.Reply.NO if _NO.match(body) else Reminder.Reply.OTHER


def says_more(body: str) -> bool:
    """Answer whether a yes comes with words that somebody should read."""
    found = _YES.match(body)
    rest = body[found.end() :] if found else body
    return not _POLITE.fullmatch(rest)


def _open_reminders(number: str, at: datetime) -> list[Reminder]:
    """Answer the reminders that were sent to a number of visits still to come: one query."""
    found = Reminder.objects.filter(
        messages__normalised=number,
        messages__direction=Message.Direction.OUT,
        messages__channel=Message.Channel.SMS,
        messages__sent_at__gte=at - OPEN_FOR,
        messages__sent_at__lte=at + timedelta(minutes=5),
        appointment__starts_at__gt=at,
        appointment__status__in=STILL_TO_COME,
    ).select_related("patient", "appointment__location")
    fresh = {one.pk: one for one in found if one.starts_at == _start(one)}
    return list(fresh.values())


def _is_named(reminder: Reminder, reference: str) -> bool:
    if not reference:
        return False
    sent = reminder.messages.filter(direction=Message.Direction.OUT)
    return any(reference in {str(one.pk), one.vendor_id} for one in sent)


def _start(reminder: Reminder) -> datetime:
    assert reminder.appointment is not None  # noqa: S101 - asked for by the query
    return reminder.appointment.starts_at


def _sent(reminder: Reminder) -> datetime:
    return reminder.sent_at or reminder.created_at


def _day(reminder: Reminder) -> object:
    place = reminder.appointment.location if reminder.appointment else None
    return today_at(zone_of(place), _start(reminder))


def _only_person(number: str, at: datetime) -> Patient | None:
    """Answer whose number it is: of several people the one whose visit is next, or was last."""
    held = ContactPoint.objects.filter(normalised=number, patient__merged_into=None)
    people = list(dict.fromkeys(held.values_list("patient_id", flat=True)[:MOST_PEOPLE]))
    if len(people) > 1:
        return _next_of(people, at)
    return Patient.objects.filter(pk__in=people).first()


def _next_of(people: Sequence[UUID], at: datetime) -> Patient | None:
    visits = Appointment.objects.filter(
        patient__in=people, starts_at__gt=at, status__in=STILL_TO_COME
    )
    coming = visits.order_by("starts_at").select_related("patient").first()
    return coming.patient if coming else None


def _follow(message: Message, match: Match, wish: str, by_vendor: str) -> bool:
    """Do what the text asks for; answers whether nobody needs to read it."""
    at = timezone.now()
    if wish == "stop":
        way = OptOut.Way.VENDOR if by_vendor else OptOut.Way.REPLY
        opting.stop(message.normalised, at=at, way=way, note=message.body)
        return True
    if wish == "start":
        opting.start(message.normalised, at=at, by=BY_PATIENT)
        return True
    if match.reminder is None:
        return False
    reply = said(message.body)
    before = match.reminder.reply
    Reminder.objects.filter(pk=match.reminder.pk).update(reply=reply, replied_at=at, changed_at=at)
    if reply == Reminder.Reply.YES:
        confirmed = _confirm(match.reminder, at)
        if confirmed and before != reply:
            _thank(message, match, yes=True)
        return confirmed and not says_more(message.body)
    if reply == Reminder.Reply.NO and before != reply:
        _ask_for_a_look(message, match.reminder, at)
        _thank(message, match, yes=False)
    return False


def _confirm(reminder: Reminder, at: datetime) -> bool:
    """Confirm the visit as its patient; answers whether it is confirmed now."""
    held = Appointment.objects.select_for_update()
    visit = held.filter(pk=reminder.appointment_id).first() if reminder.appointment_id else None
    if visit is None:
        return False
    if visit.status == Appointment.Status.CONFIRMED:
        return True
    actor = current_scope().actor
    act_as(Actor(label=BY_PATIENT, request_id=actor.request_id))
    try:
        confirm_for_patient(visit, at=at)
    except AppointmentError:
        return False
    finally:
        act_as(actor)
    return True


def _ask_for_a_look(message: Message, reminder: Reminder, at: datetime) -> None:
    if current_text_settings().on_no != TextSettings.OnNo.TASK or reminder.appointment is None:
        return
    visit = reminder.appointment
    local = visit.starts_at.astimezone(zone_of(visit.location))
    open_task_for_reception(
        subject=f"Asked to cancel {local:%a %-d %b, %H:%M}",
        body=f"Answered the reminder by SMS: “{message.body.strip()}”. The visit still stands in "
        "the diary: call the patient, then cancel or move it.",
        patient=reminder.patient,
        by=BY_PATIENT,
        at=at,
    )


def _thank(message: Message, match: Match, *, yes: bool) -> None:
    how = current_text_settings()
    if not how.acknowledges:
        return
    words = how.thanks_yes if yes else how.thanks_no
    try:
        send_text(
            match.patient, words, actor=None, number=message.normalised, key=f"thanks:{message.pk}"
        )
    except CannotSendError:
        return
