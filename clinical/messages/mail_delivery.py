"""How the outbox carries a mail to a patient: through the clinic's own mailbox, where it has one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from clinical.messages.mail_threads import Topic, continue_thread, facts_of, keep, visit_topic
from clinical.messages.models import Message
from clinical.messages.notices import current_settings
from clinical.messages.sending import note_refused, note_taken, wanted_message
from connections.mailbox import ClinicMail, current_mailbox, mime_of, opened_mailer
from connections.outbox import Answer, NothingToSendError
from ports.outcomes import UnclearError
from tenants.models import Tenant
from tenants.running import running_clinic
from tenants.scope import public_scope

if TYPE_CHECKING:
    from connections.mailbox import Mailbox
    from connections.models import OutboxEntry
    from connections.opened import OpenConnection
    from ports.outcomes import DeliveryError
    from tenants.running import RunningClinic


@dataclass(frozen=True)
class Written:
    """A mail as it is handed over, and from where."""

    clinic_id: int
    mailbox: Mailbox
    mail: EmailMessage
    thread_id: str = ""


@dataclass(frozen=True)
class CalledOff:
    """A mail that is not wanted any more."""

    words: str


class MessageMail:
    """The outbox handler of "messages.mail"."""

    def provider_of(self, entry: OutboxEntry) -> str:  # noqa: ARG002 - the clinic has one mailbox
        return current_mailbox().provider

    def prepare(self, entry: OutboxEntry) -> Written | CalledOff:
        try:
            message = wanted_message(entry.subject_id, at=timezone.now())
        except NothingToSendError as nothing:
            return CalledOff(str(nothing))
        clinic, mailbox = running_clinic(), current_mailbox()
        mail = mail_of_message(message, clinic, mailbox, entry)
        thread_id = continue_thread(mail, topic_of(message), mailbox)
        return Written(clinic.id, mailbox, mail, thread_id)

    def send(
        self,
        entry: OutboxEntry,  # noqa: ARG002 - the protocol's
        prepared: Written | CalledOff,
        opened: OpenConnection | None,
    ) -> Answer:
        if isinstance(prepared, CalledOff):
            raise NothingToSendError(prepared.words)
        with public_scope():
            clinic = Tenant.objects.get(pk=prepared.clinic_id)
        if opened is None:
            receipt = ClinicMail(clinic, prepared.mailbox).send(prepared.mail)
        else:
            mail = mime_of(prepared.mail, sender=prepared.mailbox.address)
            receipt = opened_mailer(opened).send(mail, thread_id=prepared.thread_id)
        return Answer(receipt.vendor_id, facts_of(prepared.mail, prepared.mailbox, receipt))

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        note_taken(entry.subject_id, provider=entry.provider, vendor_id=answer.vendor_id)
        keep(topic_of(Message.objects.get(pk=entry.subject_id)), answer.kept)

    def failed(self, entry: OutboxEntry, error: DeliveryError) -> None:
        is_unclear = isinstance(error, UnclearError)
        note_refused(entry.subject_id, error.words, is_unclear=is_unclear)


def topic_of(message: Message) -> Topic:
    """Answer what a message is about: its visit, as long as that is to begin at the same time."""
    if message.appointment is None:
        return Topic(f"message:{message.pk}", message.patient_id)
    return visit_topic(message.appointment)


def mail_of_message(
    message: Message, clinic: RunningClinic, mailbox: Mailbox, entry: OutboxEntry
) -> EmailMessage:
    """Write a message as a mail, from the clinic's mailbox or in its name. Its Message-ID is ours."""
    name = " ".join(clinic.name.split())
    sender = mailbox.sender(name if mailbox.is_own else f"{name} via Nexus")
    answers = "" if mailbox.is_own else current_settings().reply_to
    domain = mailbox.address.rpartition("@")[2] or settings.BASE_DOMAIN
    return EmailMessage(
        message.subject,
        message.body,
        sender,
        [message.address],
        reply_to=[answers] if answers else None,
        headers={"Message-ID": f"<{entry.pk}@{domain}>"},
    )
