"""What goes to Twilio and comes from it, between its words and ours."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from billing_integrations.sms.carriers import Price
from billing_integrations.sms.senders import SenderKind, kind_of
from billing_integrations.sms.twilio.words import words_of
from ports.sms import IncomingSms, SmsAnswer, SmsReceipt, SmsState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ports.sms import OutgoingSms

STATES = {
    "accepted": SmsState.QUEUED,
    "scheduled": SmsState.QUEUED,
    "queued": SmsState.QUEUED,
    "sending": SmsState.QUEUED,
    "sent": SmsState.SENT,
    "delivered": SmsState.DELIVERED,
    "read": SmsState.DELIVERED,
    "undelivered": SmsState.FAILED,
    "failed": SmsState.FAILED,
    "canceled": SmsState.FAILED,
}
_OPT_OUTS = {"STOP": "stop", "START": "start"}


def fields_of(sms: OutgoingSms, *, sender: str, callback: str) -> dict[str, str]:
    """Write a text as the form that creates a Message."""
    sender = sms.sender or sender
    by = "MessagingServiceSid" if kind_of(sender) is SenderKind.SERVICE else "From"
    fields = {"To": sms.to, by: sender, "Body": sms.body}
    return fields | ({"StatusCallback": callback} if callback else {})


def answer_of(message: Mapping[str, Any]) -> SmsAnswer:
    """Read a Message of the API."""
    price = price_of(message)
    return SmsAnswer(
        vendor_id=str(message["sid"]),
        state=STATES.get(str(message.get("status", "")), SmsState.QUEUED),
        segments=_number(message.get("num_segments")) or None,
        cost_cents=price.cost_cents if price else None,
        currency=price.currency if price else "",
    )


def price_of(message: Mapping[str, Any]) -> Price | None:
    """Read what a Message has cost; Twilio tells it some time after sending, as a negative sum."""
    try:
        price = Decimal(str(message.get("price") or ""))
    except InvalidOperation:
        return None
    return Price(
        vendor_id=str(message["sid"]),
        cost_cents=float(abs(price) * 100),
        currency=str(message.get("price_unit") or "").upper(),
        segments=_number(message.get("num_segments")) or None,
    )


def receipt_of_message(message: Mapping[str, Any]) -> SmsReceipt:
    """Read how far a Message has come."""
    moment = _moment(message.get("date_updated")) or _moment(message.get("date_sent"))
    return _receipt(
        str(message["sid"]),
        str(message.get("status", "")),
        _number(message.get("error_code")),
        str(message.get("error_message") or ""),
        moment or datetime.now(UTC),
    )


def incoming_of_message(message: Mapping[str, Any]) -> IncomingSms:
    """Read an inbound Message of the list."""
    moment = _moment(message.get("date_sent")) or _moment(message.get("date_created"))
    return IncomingSms(
        vendor_id=str(message["sid"]),
        sender=str(message.get("from") or ""),
        to=str(message.get("to") or ""),
        body=str(message.get("body") or ""),
        at=moment or datetime.now(UTC),
    )


def receipt_of_call(fields: Mapping[str, str], *, at: datetime) -> SmsReceipt | None:
    """Read a status callback; None for a call that is none."""
    status = fields.get("MessageStatus", "")
    sid = fields.get("MessageSid") or fields.get("SmsSid", "")
    if not sid or status not in STATES:
        return None
    code = _number(fields.get("ErrorCode"))
    return _receipt(sid, status, code, fields.get("ErrorMessage", ""), at)


def incoming_of_call(fields: Mapping[str, str], *, at: datetime) -> IncomingSms | None:
    """Read an inbound text; None for a call that is none."""
    sid = fields.get("MessageSid") or fields.get("SmsSid", "")
    if not sid or not fields.get("From") or fields.get("MessageStatus"):
        return None
    return IncomingSms(
        vendor_id=sid,
        sender=fields["From"],
        to=fields.get("To", ""),
        body=fields.get("Body", ""),
        at=at,
        opt_out=_OPT_OUTS.get(fields.get("OptOutType", "").upper(), ""),
    )


def moment_of(message: Mapping[str, Any]) -> datetime | None:
    """Answer when Twilio took a Message."""
    return _moment(message.get("date_created"))


def _receipt(sid: str, status: str, code: int, said: str, at: datetime) -> SmsReceipt:
    state = STATES.get(status, SmsState.QUEUED)
    problem = ""
    if state is SmsState.FAILED:
        problem = words_of(code or None, said)
        if status == "canceled":
            problem = "It was cancelled at Twilio."
    return SmsReceipt(vendor_id=sid, state=state, at=at, problem=problem)


def _moment(written: object) -> datetime | None:
    """Read a moment as Twilio writes it (RFC 2822)."""
    try:
        return parsedate_to_datetime(str(written)).astimezone(UTC) if written else None
    except (TypeError, ValueError):
        return None


def _number(written: object) -> int:
    try:
        return int(str(written or 0))
    except ValueError:
        return 0
