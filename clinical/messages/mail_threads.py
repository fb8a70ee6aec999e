"""Mails to one person about one thing stay together: in our mailbox, and in theirs.

Before a mail goes out, in the clinic's scope:    thread = continue_thread(mail, topic, mailbox)
while it goes out, outside every scope:           receipt = connection.send(mail, thread_id=thread)
                                                  facts = facts_of(mail, mailbox, receipt)
once it has been taken, in the scope again:       keep(topic, facts)

A mailbox that has threads wants its own id of one, the headers and the same subject. A mailbox that
was connected later does not know the threads of the one before: there the headers alone go along.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from typing import TYPE_CHECKING

from django.utils import timezone

from clinical.messages.models import SentMail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from django.core.mail import EmailMessage

    from clinical.appointments.models import Appointment
    from connections.mailbox import Mailbox
    from ports.mail import MailReceipt

MOST_REFERENCES = 10
"""Mails that one names before it; more would only make its head longer."""


@dataclass(frozen=True)
class Topic:
    """What a mail is about, and whose it is."""

    key: str
    patient_id: UUID | None = None
    told: str = ""
    """What the subject may speak of: where this has changed, an earlier subject is not used again."""


def visit_topic(visit: Appointment) -> Topic:
    """Answer what mails about a visit are about."""
    return Topic(f"visit:{visit.pk}", visit.patient_id, visit.starts_at.isoformat())


def continue_thread(mail: EmailMessage, topic: Topic, mailbox: Mailbox) -> str:
    """Put a mail below the earlier ones about the same; answers the vendor's id of the thread.

    Empty where there is none in this mailbox.
    """
    held = SentMail.objects.filter(topic=topic.key, address=_address_of(mail))
    earlier = list(held.order_by("-id")[:MOST_REFERENCES])
    if not earlier:
        return ""
    mail.extra_headers["In-Reply-To"] = earlier[0].message_ref
    mail.extra_headers["References"] = " ".join(one.message_ref for one in reversed(earlier))
    fitting = [one for one in earlier if one.told == topic.told or one.subject == mail.subject]
    if not fitting:
        return ""
    mail.subject = fitting[0].subject
    here = (
        one.thread_id
        for one in fitting
        if one.mailbox == mailbox.address.casefold() and one.subject == mail.subject
    )
    return next((thread for thread in here if thread), "")


def facts_of(mail: EmailMessage, mailbox: Mailbox, receipt: MailReceipt) -> dict[str, str]:
    """Answer what is to be kept of a mail that was taken; an outbox entry can carry it."""
    return {
        "message_ref": str(mail.extra_headers.get("Message-ID", "")),
        "address": _address_of(mail),
        "mailbox": mailbox.address.casefold(),
        "provider": mailbox.provider,
        "subject": str(mail.subject),
        "thread": receipt.thread_id,
        "vendor": receipt.vendor_id,
    }


def keep(topic: Topic, facts: Mapping[str, str]) -> SentMail | None:
    """Remember a mail that was taken; nothing where a person only said that it was."""
    if not facts.get("message_ref"):
        return None
    return SentMail.objects.create(
        topic=topic.key,
        patient_id=topic.patient_id,
        told=topic.told,
        address=facts["address"],
        mailbox=facts["mailbox"],
        provider=facts["provider"],
        subject=facts["subject"],
        message_ref=facts["message_ref"],
        thread_id=facts["thread"],
        vendor_id=facts["vendor"],
        sent_at=timezone.now(),
    )


def _address_of(mail: EmailMessage) -> str:
    return parseaddr(mail.to[0])[1].casefold() if mail.to else ""
