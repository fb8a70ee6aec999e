"""ClickSend's calls to us. They are not signed: the address itself is the secret.

A receipt counts only where ClickSend's id and our own both name the same text; the lists that are read
every few minutes are the truth. Nothing else can be done by such a call than to tell of a text.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from billing_integrations.sms import receiving
from billing_integrations.sms.clicksend import payloads
from connections.inbox import Event, ForgedError
from ports.sms import SmsState

if TYPE_CHECKING:
    from connections.inbox import Incoming
    from connections.models import InboxEvent
    from connections.opened import OpenConnection

CLOCKS_DIFFER = timedelta(minutes=10)


class ClickSendReceiver:
    """Takes what comes to a clinic's own address and looks as ClickSend's calls do."""

    def events(self, incoming: Incoming, opened: OpenConnection | None) -> list[Event]:
        if opened is None:
            raise ForgedError("ClickSend calls addresses of single clinics only.")
        fields = _fields(incoming.body)
        now = datetime.now(UTC)
        receipt = payloads.receipt_of(fields, at=now)
        if receipt is not None:
            if receipt.state is SmsState.QUEUED or receipt.at > now + CLOCKS_DIFFER:
                return []
            identity, kind, body = receiving.receipt_event(receipt)
            return [Event(identity, body, kind)]
        text = payloads.incoming_of(fields, at=now)
        if text is not None:
            identity, kind, body = receiving.incoming_event(text)
            return [Event(identity, body, kind)]
        return []

    def handle(self, event: InboxEvent) -> None:
        receiving.apply_event(event)


def _fields(body: bytes) -> dict[str, Any]:
    """Read a call: a form, or JSON where the clinic's rule says so."""
    try:
        text = body.decode()
        if text.lstrip().startswith("{"):
            return dict(json.loads(text))
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=200))
    except ValueError as error:
        raise ForgedError("The call cannot be read.") from error
