"""Twilio's calls to us: what became of a text, and texts from telephones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from billing_integrations.sms import receiving
from billing_integrations.sms.twilio import payloads
from billing_integrations.sms.twilio.signature import HEADER, is_genuine, is_genuine_document
from connections.inbox import Event, ForgedError
from ports.sms import SmsState

if TYPE_CHECKING:
    from connections.inbox import Incoming
    from connections.models import InboxEvent
    from connections.opened import OpenConnection

ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""Nothing is to be answered to the telephone."""
FORM = "application/x-www-form-urlencoded"


class TwilioReceiver:
    """Takes only what is signed with the auth token of the account that the address belongs to."""

    def events(self, incoming: Incoming, opened: OpenConnection | None) -> list[Event]:
        if opened is None:
            raise ForgedError("Twilio calls addresses of single clinics only.")
        fields = _verified(incoming, opened)
        if fields.get("AccountSid", opened.external_id) != opened.external_id:
            raise ForgedError("It is of another Twilio account.")
        now = datetime.now(UTC)
        receipt = payloads.receipt_of_call(fields, at=now)
        if receipt is not None:
            if receipt.state is SmsState.QUEUED:  # Twilio has it, as its answer said
                return []
            identity, kind, body = receiving.receipt_event(receipt)
            return [Event(identity, body, kind)]
        text = payloads.incoming_of_call(fields, at=now)
        if text is not None:
            identity, kind, body = receiving.incoming_event(text)
            return [Event(identity, body, kind)]
        return []

    def handle(self, event: InboxEvent) -> None:
        receiving.apply_event(event)


def _verified(incoming: Incoming, opened: OpenConnection) -> dict[str, str]:
    """Answer the fields of a call that is Twilio's; raises ForgedError."""
    signature = incoming.headers.get(HEADER.lower(), "")
    token = opened.secrets.get("auth_token", "")
    content_type = incoming.headers.get("content-type", FORM).partition(";")[0].strip().lower()
    if content_type != FORM:
        if not is_genuine_document(incoming.url, incoming.body, signature=signature, token=token):
            raise ForgedError("The signature is not Twilio's.")
        return {}
    try:
        fields = parse_qsl(incoming.body.decode(), keep_blank_values=True, max_num_fields=200)
    except ValueError as error:
        raise ForgedError("The call cannot be read.") from error
    if not is_genuine(incoming.url, fields, signature=signature, token=token):
        raise ForgedError("The signature is not Twilio's.")
    return dict(fields)
