"""What goes to ClickSend and comes from it, between its words and ours."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from billing_integrations.sms.carriers import Price
from billing_integrations.sms.clicksend.words import words_of
from ports.sms import IncomingSms, SmsAnswer, SmsReceipt, SmsState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ports.sms import OutgoingSms

SOURCE = "nexus"
TAKEN, DELIVERED, RETRIED, FAILED = 200, 201, 300, 301
"""Status codes of receipts: 300 is tried again by ClickSend, 301 is the end."""


def request_of(sms: OutgoingSms, *, sender: str) -> dict[str, Any]:
    """Write a text as the request that sends it; our id of it comes back as `custom_string`."""
    message = {
        "to": sms.to,
        "body": sms.body,
        "source": SOURCE,
        "custom_string": sms.reference,
    }
    sender = sms.sender or sender
    return {"messages": [message | ({"from": sender} if sender else {})]}


def answer_of(message: Mapping[str, Any], *, currency: str = "AUD") -> SmsAnswer:
    """Read one message of the answer to sending, or of the history."""
    return SmsAnswer(
        vendor_id=str(message["message_id"]),
        state=SmsState.QUEUED,
        segments=_number(message.get("message_parts")) or None,
        cost_cents=_cents(message.get("message_price")),
        currency=currency,
    )


def price_of(message: Mapping[str, Any], *, currency: str = "AUD") -> Price | None:
    """Read what a message of the history has cost."""
    cents = _cents(message.get("message_price"))
    if cents is None:
        return None
    parts = _number(message.get("message_parts")) or None
    return Price(str(message.get("message_id") or ""), cents, currency, parts)


def receipt_of(fields: Mapping[str, Any], *, at: datetime) -> SmsReceipt | None:
    """Read a delivery receipt, from a call or from the list; None for what is none."""
    vendor_id, status = str(fields.get("message_id") or ""), _number(fields.get("status_code"))
    states = {
        TAKEN: SmsState.SENT,
        DELIVERED: SmsState.DELIVERED,
        RETRIED: SmsState.SENT,
        FAILED: SmsState.FAILED,
    }
    if not vendor_id or status not in states:
        return None
    said = str(fields.get("error_text") or fields.get("status_text") or "")
    code = _number(fields.get("error_code")) or None
    return SmsReceipt(
        vendor_id=vendor_id,
        state=states[status],
        at=_moment(fields.get("timestamp")) or at,
        reference=str(fields.get("custom_string") or ""),
        problem=words_of(code, said) if status == FAILED else "",
    )


def incoming_of(fields: Mapping[str, Any], *, at: datetime) -> IncomingSms | None:
    """Read a text from a telephone; None for what is none."""
    vendor_id, sender = str(fields.get("message_id") or ""), str(fields.get("from") or "")
    if not vendor_id or not sender or "status_code" in fields:
        return None
    return IncomingSms(
        vendor_id=vendor_id,
        sender=sender,
        to=str(fields.get("to") or ""),
        body=str(fields.get("body") or ""),
        at=_moment(fields.get("timestamp")) or at,
        reference=str(fields.get("custom_string") or ""),
    )


def _cents(price: object) -> float | None:
    try:
        return float(Decimal(str(price)) * 100) if price not in {None, ""} else None
    except InvalidOperation:
        return None


def _moment(seconds: object) -> datetime | None:
    """Read a moment as ClickSend writes it: seconds since 1970."""
    try:
        return datetime.fromtimestamp(int(str(seconds)), UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


def _number(written: object) -> int:
    try:
        return int(str(written or 0))
    except ValueError:
        return 0
