"""Telling the vendor where replies and receipts go: to the address that is this clinic's alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing_integrations.sms import carriers
from connections import inbox
from connections.models import Connection
from connections.outbox import Answer, NothingToSendError

if TYPE_CHECKING:
    from connections.models import OutboxEntry
    from connections.opened import OpenConnection
    from ports.outcomes import DeliveryError

REPLIES = "sms.replies"


class RepliesDelivery:
    """The outbox handler of "sms.replies"; asking twice does it once."""

    def provider_of(self, entry: OutboxEntry) -> str:
        return entry.provider

    def prepare(self, entry: OutboxEntry) -> str:
        connection = Connection.objects.filter(pk=entry.subject_id).first()
        address = inbox.address_of(connection) if connection else ""
        if not address:
            raise NothingToSendError("The account is not connected any more.")
        return address

    def send(self, entry: OutboxEntry, prepared: str, opened: OpenConnection | None) -> Answer:
        if opened is None:
            raise NothingToSendError("The account is not connected any more.")
        del entry
        with carriers.carrier(opened, prepared) as carrier:
            return Answer(kept={"words": carrier.call_us(prepared)})

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        """Nothing: the entry itself tells how it went."""

    def failed(self, entry: OutboxEntry, error: DeliveryError) -> None:
        """Nothing: the entry itself tells why."""
