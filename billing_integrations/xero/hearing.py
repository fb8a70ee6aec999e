"""What Xero tells by itself: webhooks of all clinics at one address, each for one organisation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.conf import settings

from billing_integrations.xero import links, queue, reading, wire
from billing_integrations.xero.delivery import XeroHandler, check_organisation, organisation_of
from billing_integrations.xero.links import Kind
from billing_integrations.xero.models import XeroLink
from billing_integrations.xero.payloads import fingerprint
from billing_integrations.xero.provider import client_of
from connections.inbox import Event, ForgedError
from connections.outbox import Answer, NothingToSendError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connections.inbox import Incoming
    from connections.models import InboxEvent, OutboxEntry
    from connections.opened import OpenConnection
    from ports.outcomes import DeliveryError

SIGNATURE = "x-xero-signature"


class XeroReceiver:
    """Takes apart what Xero sends; an intent to receive is a request without events."""

    def events(self, incoming: Incoming, opened: OpenConnection | None) -> Sequence[Event]:  # noqa: ARG002 - the address is that of all clinics
        given = incoming.headers.get(SIGNATURE, "")
        if not wire.is_signed(incoming.body, given, settings.XERO_WEBHOOK_KEY):
            raise ForgedError("The signature of a Xero webhook is wrong.")
        try:
            content = json.loads(incoming.body)
        except ValueError:
            return []
        rows = content.get("events") if isinstance(content, dict) else None
        return [_event(row) for row in rows or [] if isinstance(row, dict) and row.get("tenantId")]

    def handle(self, event: InboxEvent) -> None:
        """Have the invoice read: the event says neither what changed nor how it stands."""
        row = json.loads(event.body)
        found = links.connection()
        if row.get("eventCategory") != "INVOICE" or found is None:
            return
        if found.external_id != row.get("tenantId"):
            return
        link = XeroLink.objects.filter(
            organisation=found.external_id, kind=Kind.INVOICE, xero_id=row.get("resourceId") or "-"
        ).first()
        if link is not None:
            queue.pull(link, version=fingerprint({"event": event.external_id})[:24])


def _event(row: dict[str, Any]) -> Event:
    names = ("tenantId", "resourceId", "eventDateUtc", "eventType")
    kept = {name: row.get(name) for name in (*names, "eventCategory")}
    return Event(
        external_id="|".join(str(row.get(name) or "") for name in names),
        body=json.dumps(kept),
        kind=str(row.get("eventCategory") or "")[:60],
        account=str(row["tenantId"]),
    )


class PullHandler(XeroHandler):
    """Reads one invoice of Xero's and writes down what was paid there."""

    kind = Kind.INVOICE

    def prepare(self, entry: OutboxEntry) -> str:
        link = XeroLink.objects.filter(pk=entry.subject_id).first()
        if link is None or not link.xero_id:
            raise NothingToSendError("It is not in Xero.")
        return link.xero_id

    def send(self, entry: OutboxEntry, prepared: str, opened: OpenConnection | None) -> Answer:
        with client_of(check_organisation(entry, opened)) as client:
            return Answer(prepared, {"row": needed(client.invoice(prepared))})

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        told = reading.apply_invoice(organisation_of(entry), answer.kept["row"])
        entry.answer = {"recorded": told.recorded, "taken_back": told.taken_back}

    def failed(self, entry: OutboxEntry, error: DeliveryError) -> None:
        """Leave the rest to the poll, which reads it too."""


def needed(row: dict[str, Any]) -> dict[str, Any]:
    """Keep of an invoice what is worth writing down; amounts as JSON carries them."""
    amounts = ("Total", "AmountDue", "AmountPaid", "AmountCredited")
    kept = {name: row.get(name) for name in ("InvoiceID", "Status")}
    kept |= {name: wire.dollars(wire.cents(row.get(name))) for name in amounts}
    kept["Payments"] = [
        {name: one.get(name) for name in ("PaymentID", "Date", "Reference", "Status")}
        | {"Amount": wire.dollars(wire.cents(one.get("Amount")))}
        for one in row.get("Payments") or []
        if isinstance(one, dict)
    ]
    return kept
