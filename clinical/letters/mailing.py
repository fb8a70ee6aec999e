"""Letters on their way by e-mail: who may get one, one mail an address, never the same one twice.

A mail is claimed in a short transaction before it goes out, so a task that is delivered twice finds
nothing to do. Where a worker dies in between, or the mailbox breaks off before it has answered, nobody
knows whether the mail went out: it is shown as perhaps sent, with these words, and a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import formataddr
from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string

from accounts.permissions import Action, Resource
from audit.services import record
from clinical.consents.selectors import may_contact
from clinical.letters.models import Letter, LetterMail
from clinical.letters.printing import file_name, letter_pdf
from clinical.letters.services import LetterError, UnfinishedLetterError
from clinical.messages.mail_threads import Topic, continue_thread, facts_of, keep
from clinical.messages.models import Message
from clinical.patients.models import ContactPoint
from clinical.practice.clock import today_at, zone_of
from clinical.practice.models import Location
from clinical.practice.rules import require
from connections.mailbox import connection_for_clinic, current_mailbox
from ports.outcomes import DeliveryError, RetryLaterError, UnclearError
from tenants.scope import current_scope
from ui.pdf import PdfError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User
    from connections.mailbox import ClinicMail
    from tenants.models import Tenant

LOST_AFTER = timedelta(minutes=15)
LEFT_AFTER = timedelta(minutes=2)
MOST_ADDRESSES = 10
MOST_TRIES = 5
"""Rounds of two minutes in which a mail is tried by itself; after that a person decides."""
UNSENT = (LetterMail.State.FAILED, LetterMail.State.UNCLEAR)
"""A person may send these again."""
UNKNOWN = (
    "The sending was broken off. It may have arrived: ask, or look into the mailbox, before you send "
    "it again."
)


class MailError(LetterError):
    """The letter cannot go out like this."""


@dataclass(frozen=True)
class Address:
    """Where a letter may go."""

    name: str
    email: str


@transaction.atomic
def send_by_mail(
    letter: Letter, *, actor: User, at: datetime, practice: str, to: Sequence[Address]
) -> list[LetterMail]:
    """Put one mail an address on its way; raises UnfinishedLetterError, MailError."""
    require(actor, Action.CHANGE, Resource.LETTERS)
    if letter.is_draft:
        raise UnfinishedLetterError("Make the letter final first, then send it.")
    wanted = _checked(to)
    if refusal := _refusal(letter, list(wanted), at):
        raise MailError(f"{refusal} Print the letter and hand it over, or post it.")
    Letter.objects.select_for_update().get(pk=letter.pk)  # two clicks ask one after the other
    pending = (LetterMail.State.QUEUED, LetterMail.State.SENDING)
    on_its_way = letter.mails.filter(address__in=wanted, state__in=pending)
    if taken := on_its_way.values_list("address", flat=True).first():
        raise MailError(f"The letter is on its way to {taken} already.")
    mails = []
    for address, name in wanted.items():
        message = Message.objects.create(
            patient=letter.patient,
            channel=Message.Channel.EMAIL,
            direction=Message.Direction.OUT,
            address=address,
            body=_body(letter, practice),
        )
        mails.append(
            LetterMail.objects.create(
                letter=letter,
                message=message,
                name=name,
                address=address,
                asked_by=actor.name,
                asked_at=at,
                changed_at=at,
            )
        )
    record(
        "export",
        object_type=Letter._meta.db_table,
        object_id=str(letter.pk),
        subject_id=str(letter.patient_id),
        payload={"section": "letter", "mailed_to": list(wanted)},
    )
    _go(mails)
    return mails


@transaction.atomic
def send_again(mail: LetterMail, *, actor: User, at: datetime) -> LetterMail:
    """Try a mail once more that was not sent, or may not have been; raises MailError for any other."""
    require(actor, Action.CHANGE, Resource.LETTERS)
    again = LetterMail.objects.filter(pk=mail.pk, state__in=UNSENT).update(
        state=LetterMail.State.QUEUED, problem="", asked_by=actor.name, asked_at=at, changed_at=at
    )
    if not again:
        raise MailError("This mail is on its way, or was sent already.")
    Message.objects.filter(pk=mail.message_id).update(state=Message.State.QUEUED, changed_at=at)
    _go([mail])
    return mail


# ── what the task does ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Claimed:
    """A mail that is this worker's to send, or what keeps it from being written."""

    mail_id: UUID
    message: EmailMessage | None
    problem: str = ""
    connection: ClinicMail | None = None
    thread_id: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a mail; `problem` is empty where the mailbox has taken it."""

    problem: str = ""
    is_unclear: bool = False
    may_wait: bool = False
    """Nothing was done, and trying again by itself can help."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What is kept of a mail that was taken."""

    @property
    def state(self) -> LetterMail.State:
        if self.is_unclear:
            return LetterMail.State.UNCLEAR
        return LetterMail.State.FAILED if self.problem else LetterMail.State.SENT


def claim(mail_id: UUID, *, clinic: Tenant, at: datetime) -> Claimed | None:
    """Take a mail that waits; None where another worker has it or it was sent."""
    waiting = LetterMail.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        pk=mail_id, state=LetterMail.State.QUEUED
    )
    related = ("letter__patient", "letter__practitioner", "letter__location", "message")
    mail = waiting.select_related(*related).first()
    if mail is None:
        return None
    mail.state, mail.tries, mail.changed_at = LetterMail.State.SENDING, mail.tries + 1, at
    mail.save(update_fields=["state", "tries", "changed_at"])
    if refusal := _refusal(mail.letter, [mail.address], at):
        return Claimed(mail.pk, None, refusal)
    try:
        connection = connection_for_clinic(clinic)
        written = _written(mail, clinic, connection)
    except PdfError:
        return Claimed(mail.pk, None, "The PDF could not be made. The operators are told.")
    thread_id = continue_thread(written, _topic_of(mail.letter), connection.mailbox)
    return Claimed(mail.pk, written, connection=connection, thread_id=thread_id)


def deliver(claimed: Claimed) -> Outcome:
    """Hand the mail to the clinic's mailbox, outside every scope; answers what became of it."""
    if claimed.message is None or claimed.connection is None:
        return Outcome(claimed.problem)
    try:
        receipt = claimed.connection.send(claimed.message, thread_id=claimed.thread_id)
    except UnclearError as error:
        return Outcome(error.words, is_unclear=True)
    except RetryLaterError as error:
        return Outcome(error.words, may_wait=True)
    except DeliveryError as error:
        return Outcome(error.words)
    return Outcome(facts=facts_of(claimed.message, claimed.connection.mailbox, receipt))


def close(mail_id: UUID, outcome: Outcome, *, at: datetime) -> None:
    """Keep what became of a claimed mail; the letter counts as sent with its first mail.

    One that the mailbox could not take for now waits for the next round, as often as MOST_TRIES.
    """
    closed = LetterMail.objects.filter(pk=mail_id, state=LetterMail.State.SENDING)
    if outcome.may_wait and closed.filter(tries__lt=MOST_TRIES).update(
        state=LetterMail.State.QUEUED, problem=outcome.problem, changed_at=at
    ):
        return
    if not closed.update(state=outcome.state, problem=outcome.problem, changed_at=at):
        return
    mail = LetterMail.objects.get(pk=mail_id)
    Message.objects.filter(pk=mail.message_id).update(
        state=outcome.state.value,
        sent_at=None if outcome.problem else at,
        source_note=outcome.problem,
        changed_at=at,
    )
    if outcome.state == LetterMail.State.SENT:
        keep(_topic_of(mail.letter), outcome.facts)
        Letter.objects.filter(pk=mail.letter_id, state=Letter.State.FINAL).update(
            state=Letter.State.SENT, changed_at=at
        )


def left_lying(*, at: datetime) -> list[UUID]:
    """Answer the mails whose task was lost; those broken off while being sent are closed."""
    lost = LetterMail.objects.filter(
        state=LetterMail.State.SENDING, changed_at__lt=at - LOST_AFTER
    ).values_list("pk", flat=True)
    for mail_id in lost:
        close(mail_id, Outcome(UNKNOWN, is_unclear=True), at=at)
    waiting = LetterMail.objects.filter(state=LetterMail.State.QUEUED, asked_at__lt=at - LEFT_AFTER)
    return list(waiting.values_list("pk", flat=True)[:200])


def _checked(to: Sequence[Address]) -> dict[str, str]:
    """Answer the addresses, each once, with whose they are."""
    wanted = {one.email.strip(): " ".join(one.name.split()) for one in to if one.email.strip()}
    if not wanted:
        raise MailError("Choose or write an address.")
    if len(wanted) > MOST_ADDRESSES:
        raise MailError(f"At most {MOST_ADDRESSES} addresses at a time.")
    for address in wanted:
        try:
            validate_email(address)
        except ValidationError:
            raise MailError(f"{address} is no mail address.") from None
    return wanted


def _refusal(letter: Letter, addresses: Sequence[str], at: datetime) -> str:
    """Answer why the patient must not be mailed, where one of the addresses is the patient's own."""
    points = letter.patient.contact_points.filter(kind=ContactPoint.Kind.EMAIL)
    own = {value.strip().lower() for value in points.values_list("value", flat=True)}
    if not own & {address.lower() for address in addresses}:
        return ""
    today = today_at(zone_of(letter.patient.location), at)
    return may_contact(letter.patient, "email", today=today)


def _go(mails: Sequence[LetterMail]) -> None:
    """Give the mails to the worker once the transaction is committed."""
    from clinical.letters.tasks import send

    scope = current_scope()
    for mail in mails:
        start = partial(send.delay_for, scope.tenant_id, str(mail.pk))
        transaction.on_commit(start, using=scope.alias, robust=True)


def _written(mail: LetterMail, clinic: Tenant, connection: ClinicMail) -> EmailMessage:
    """Write the mail: nothing clinical in it but the attachment."""
    letter = mail.letter
    practice = " ".join(clinic.name.split())
    sender = connection.mailbox.address
    answer_to = _answer_to(letter)
    message = EmailMessage(
        subject=f"A letter from {practice}",
        body=mail.message.body,
        from_email=connection.mailbox.sender(practice),
        to=[formataddr((mail.name, mail.address)) if mail.name else mail.address],
        reply_to=[formataddr((practice, answer_to))] if answer_to else None,
        headers={"Message-ID": f"<{mail.pk}.{mail.tries}@{sender.rpartition('@')[2]}>"},
        connection=connection,
    )
    message.attach(file_name(letter), letter_pdf(letter, clinic=clinic), "application/pdf")
    return message


def _topic_of(letter: Letter) -> Topic:
    """A letter and its corrections are one thing."""
    first = letter
    while first.replaces is not None:
        first = first.replaces
    return Topic(f"letter:{first.pk}", letter.patient_id)


def _body(letter: Letter, practice: str) -> str:
    context = {
        "practice": practice,
        "phone": letter.location.phone if letter.location else "",
        "answers": current_mailbox().is_own or bool(_answer_to(letter)),
    }
    return render_to_string("letters/mail/attached.txt", context).strip()


def _answer_to(letter: Letter) -> str:
    if letter.location and letter.location.email:
        return letter.location.email
    places = Location.objects.filter(is_active=True).exclude(email="")
    return places.values_list("email", flat=True).first() or ""
