"""Mails from outside: whose they are, and what of them is kept with the patient."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from clinical.appointments.models import Appointment
from clinical.messages.models import Message, SentMail
from clinical.patients.contacts import normalise_email
from clinical.patients.models import ContactPoint, Patient

if TYPE_CHECKING:
    from ports.mail import MailHead, MailText

_WROTE = re.compile(
    r"(on|am|le|el|il)\b.{3,300}(wrote|schrieb( .{1,100})?|a écrit|escribió|scritto)\s*:$",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"-{2,}\s*(original message|forwarded message)\s*-{2,}|_{20,}", re.IGNORECASE)
_FROM = re.compile(r"\*?(from|von|de):\*?\s.+", re.IGNORECASE)
_SENT = re.compile(r"\*?(sent|date|gesendet):", re.IGNORECASE)


@dataclass(frozen=True)
class Owner:
    """Whose a mail is, and which visit it is about where it answers a mail about one."""

    patient: Patient
    appointment: Appointment | None = None


def is_known(provider: str, vendor_id: str) -> bool:
    """Answer whether a mail was kept before."""
    held = Message.objects.filter(provider=provider, vendor_id=vendor_id)
    return held.filter(direction=Message.Direction.IN).exists()


def whose(head: MailHead, *, mailbox: str) -> Owner | None:
    """Answer whose a mail is; None where it is nobody's, or not certainly one person's.

    It is the patient's about whom the mail was that it answers; else the patient's whose address, and
    nobody else's, it comes from.
    """
    if not head.sender or head.sender == mailbox.casefold():
        return None
    ours = SentMail.objects.filter(mailbox=mailbox.casefold())
    named = Q(message_ref__in=head.references)
    if head.thread_id:
        named |= Q(thread_id=head.thread_id)
    answered = ours.filter(named, patient__isnull=False).select_related("patient")
    found = answered.order_by("-id").first()
    if found is not None and found.patient is not None:
        return Owner(found.patient, _visit_of(found))
    points = ContactPoint.objects.filter(
        normalised=normalise_email(head.sender), patient__merged_into=None
    )
    people = list(points.order_by().values_list("patient_id", flat=True).distinct()[:2])
    if len(people) != 1:
        return None
    return Owner(Patient.objects.get(pk=people[0]))


def received(provider: str, head: MailHead, text: MailText, *, mailbox: str) -> Message | None:
    """Keep a mail with its patient; None where it is nobody's, or was kept before."""
    owner = whose(head, mailbox=mailbox)
    if owner is None or is_known(provider, head.vendor_id):
        return None
    body, quoted = split_quoted(text.body)
    try:
        with transaction.atomic():
            return Message.objects.create(
                patient=owner.patient,
                appointment=owner.appointment,
                channel=Message.Channel.EMAIL,
                direction=Message.Direction.IN,
                address=head.sender,
                subject=head.subject,
                body=body,
                quoted=quoted,
                attached="\n".join(" ".join(name.split()) for name in text.attached),
                sent_at=min(head.at, timezone.now()),
                state=Message.State.RECEIVED,
                provider=provider,
                vendor_id=head.vendor_id,
            )
    except IntegrityError:  # another worker has kept it meanwhile
        return None


def split_quoted(text: str) -> tuple[str, str]:
    """Answer what a mail says itself, and what it repeats below; all of it where that is not clear."""
    lines = text.strip().split("\n")
    for n, line in enumerate(lines):
        if n and _begins_quote(lines, n, line.strip()):
            own, quoted = "\n".join(lines[:n]).strip(), "\n".join(lines[n:]).strip()
            return (own, quoted) if own else (text.strip(), "")
    return text.strip(), ""


def _begins_quote(lines: list[str], n: int, line: str) -> bool:
    """Answer whether a line, with what follows it, is where a mail program began to quote."""
    two = " ".join(one.strip() for one in lines[n : n + 2]).strip()
    if _WROTE.match(line) or _WROTE.match(two) or _BEFORE.match(line):
        return True
    if _FROM.match(line):
        return any(_SENT.match(one.strip()) for one in lines[n + 1 : n + 5])
    return line.startswith(">") and all(
        one.strip().startswith(">") or not one.strip() for one in lines[n:]
    )


def _visit_of(sent: SentMail) -> Appointment | None:
    kind, _, number = sent.topic.partition(":")
    if kind != "visit":
        return None
    try:
        return Appointment.objects.filter(pk=UUID(number)).first()
    except ValueError:
        return None
