"""How the outbox carries a text: through the clinic's own account, once.

Neither vendor knows idempotency keys, but both can be asked what they have taken: Twilio by number,
words and time, ClickSend by our own id of the text. So whatever was broken off is asked for before it
is sent again, and sending is repeated only where the vendor says that it has nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone

from billing_integrations.sms import carriers, receiving
from billing_integrations.sms.errors import NotTextableError, OptedOutError
from clinical.messages import opting
from clinical.messages.models import Message, OptOut
from clinical.messages.numbers import comparable
from clinical.messages.sending import note_refused, note_taken, text_to_send
from connections import inbox, selectors
from connections.models import OutboxEntry
from connections.outbox import Answer, NothingToSendError
from connections.providers import Trade
from ports.outcomes import (
    BrokenConnectionError,
    DeliveryError,
    RefusedError,
    RetryLaterError,
    UnclearError,
)
from ports.phones import NumberError, mobile_number
from ports.segments import normalise
from ports.sms import OutgoingSms, SmsAnswer, SmsState

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django.db.models import QuerySet

    from billing_integrations.sms.carriers import Carrier
    from connections.models import Connection
    from connections.opened import OpenConnection

TEXT, TEST = "sms.message", "sms.test"
CLOCKS_DIFFER = timedelta(minutes=10)
NOT_CONNECTED = (
    "No SMS account is connected: connect Twilio or ClickSend under Integrations. Texts wait until "
    "then."
)
TOO_LATE = "It could not be sent in time, and later it would be of no use."
NOT_FOUND_YET = (
    "The sending was broken off; the vendor has nothing of it so far. It is tried again."
)


@dataclass(frozen=True)
class Ready:
    """A text as it is handed over, and what is needed to ask whether it was taken before."""

    sms: OutgoingSms
    hook_address: str
    since: datetime
    known: frozenset[str]
    is_again: bool


@dataclass(frozen=True)
class CalledOff:
    """A text that is not wanted any more; what was written down about it stays written."""

    words: str


class TextDelivery:
    """The outbox handler of "sms.message"."""

    def provider_of(self, entry: OutboxEntry) -> str:  # noqa: ARG002 - the clinic has one account
        connection = selectors.in_use(Trade.SMS)
        if connection is None:
            raise BrokenConnectionError(NOT_CONNECTED)
        return connection.provider

    def prepare(self, entry: OutboxEntry) -> Ready | CalledOff:
        now = timezone.now()
        _refuse_late(entry, now)
        try:
            sms = text_to_send(entry.subject_id, at=now)
        except NothingToSendError as nothing:
            return CalledOff(str(nothing))
        return ready(entry, sms)

    def send(
        self, entry: OutboxEntry, prepared: Ready | CalledOff, opened: OpenConnection | None
    ) -> Answer:
        del entry
        if isinstance(prepared, CalledOff):
            raise NothingToSendError(prepared.words)
        if opened is None:
            raise BrokenConnectionError(NOT_CONNECTED)
        with carriers.carrier(opened, prepared.hook_address) as carrier:
            answer = send_once(
                carrier,
                prepared.sms,
                since=prepared.since,
                known=prepared.known,
                is_again=prepared.is_again,
            )
        return answered(answer, opened.provider)

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        provider = str(answer.kept.get("provider") or self.provider_of(entry))
        told = _answer(answer) if "state" in answer.kept else None  # else it is a person's word
        note_taken(entry.subject_id, provider=provider, vendor_id=answer.vendor_id, answer=told)
        if answer.vendor_id:
            receiving.apply_early(provider, answer.vendor_id)

    def failed(self, entry: OutboxEntry, error: DeliveryError) -> None:
        now = timezone.now()
        note_refused(
            entry.subject_id, error.words, at=now, is_unclear=isinstance(error, UnclearError)
        )
        if isinstance(error, OptedOutError):
            number = Message.objects.values_list("normalised", flat=True).get(pk=entry.subject_id)
            opting.stop(number, at=now, way=OptOut.Way.VENDOR, note=error.words)
        # What was refused for one text holds up no other to the same telephone.
        OutboxEntry.objects.filter(pk=entry.pk).update(lane="")


class TestDelivery(TextDelivery):
    """The outbox handler of "sms.test": a text to oneself, of no patient's."""

    __test__ = False

    def prepare(self, entry: OutboxEntry) -> Ready:
        _refuse_late(entry, timezone.now())
        sms = OutgoingSms(entry.payload["to"], entry.payload["body"], reference=str(entry.pk))
        return ready(entry, sms)

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        """Nothing: the entry itself tells how it went."""

    def failed(self, entry: OutboxEntry, error: DeliveryError) -> None:
        """Nothing: the entry itself tells why."""


def ready(entry: OutboxEntry, sms: OutgoingSms) -> Ready:
    """Read what sending takes; raises NotTextableError for a number that takes no texts."""
    try:
        number = mobile_number(sms.to)
    except NumberError as error:
        raise NotTextableError(error.words) from error
    connection = selectors.in_use(Trade.SMS)
    since = entry.created_at - CLOCKS_DIFFER
    return Ready(
        sms=OutgoingSms(number, normalise(sms.body), sms.reference, sms.sender),
        hook_address=inbox.address_of(connection) if connection else "",
        since=since,
        known=_known(entry, sms.to, connection),
        is_again=entry.attempts > 1,
    )


def send_once(
    carrier: Carrier,
    sms: OutgoingSms,
    *,
    since: datetime,
    known: Collection[str],
    is_again: bool,
) -> SmsAnswer:
    """Send a text that is not at the vendor's yet; `is_again`: it may be.

    Raises UnclearError where the vendor can neither say that it has it nor that it has not.
    """
    if is_again and (found := carrier.find(sms, since=since, known=known)):
        return found
    try:
        return carrier.send(sms)
    except UnclearError as unclear:
        try:
            found = carrier.find(sms, since=since, known=known)
        except DeliveryError as error:
            raise unclear from error
        if found is None:
            # The vendor may list it a moment later: it is asked once more before it is sent again.
            raise RetryLaterError(NOT_FOUND_YET) from unclear
        return found


def _refuse_late(entry: OutboxEntry, now: datetime) -> None:
    if entry.not_after is not None and entry.not_after < now:
        raise RefusedError(TOO_LATE)


def _known(entry: OutboxEntry, number: str, connection: Connection | None) -> frozenset[str]:
    """Answer the vendor's ids of other texts to the same number, which may have the same words."""
    since = entry.created_at - CLOCKS_DIFFER
    sent = Message.objects.filter(
        normalised=comparable(number),
        channel=Message.Channel.SMS,
        direction=Message.Direction.OUT,
        sent_at__gte=since,
    ).exclude(Q(provider="") | Q(vendor_id="") | Q(pk=entry.subject_id))
    tests = (
        tests_of(connection).filter(sent_at__gte=since).exclude(Q(vendor_id="") | Q(pk=entry.pk))
    )
    return frozenset(
        [*sent.values_list("vendor_id", flat=True), *tests.values_list("vendor_id", flat=True)]
    )


def tests_of(connection: Connection | None) -> QuerySet[OutboxEntry]:
    """Answer the texts that people sent to themselves through a connection."""
    if connection is None:
        return OutboxEntry.objects.none()
    return OutboxEntry.objects.filter(kind=TEST, subject_id=connection.pk)


def answered(answer: SmsAnswer, provider: str) -> Answer:
    """Write a vendor's answer as the outbox keeps it."""
    kept: dict[str, Any] = {
        "provider": provider,
        "state": answer.state.value,
        "segments": answer.segments,
        "cost_cents": answer.cost_cents,
        "currency": answer.currency,
    }
    return Answer(answer.vendor_id, kept)


def _answer(answer: Answer) -> SmsAnswer:
    kept = answer.kept
    return SmsAnswer(
        vendor_id=answer.vendor_id,
        state=SmsState(kept["state"]),
        segments=kept["segments"],
        cost_cents=kept["cost_cents"],
        currency=kept["currency"],
    )
