"""What became of a text that was sent. Receipts come late, twice and in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from clinical.messages.models import Message, Reminder
from clinical.messages.sending import LONGEST_PROBLEM
from ports.sms import SmsState

if TYPE_CHECKING:
    from ports.sms import SmsReceipt

State = Message.State
_RANKS = {
    State.QUEUED: 0, State.UNCLEAR: 0, State.CANCELLED: 0, State.SENT: 1, State.FAILED: 2,
    State.DELIVERED: 3,
}  # fmt: skip
_STATES = {
    SmsState.SENT: State.SENT,
    SmsState.FAILED: State.FAILED,
    SmsState.DELIVERED: State.DELIVERED,
}


@transaction.atomic
def note(provider: str, receipt: SmsReceipt) -> Message | None:
    """Bring a message further by a receipt; answers it, or None where it is none of ours.

    Only a later state counts: see `ports.sms.SmsState.rank`.
    """
    message = _message_of(provider, receipt)
    if message is None or receipt.state.rank <= _RANKS.get(State(message.state), 0):
        return message
    message.state = _STATES[receipt.state]
    message.problem = receipt.problem[:LONGEST_PROBLEM] if message.state == State.FAILED else ""
    message.sent_at = message.sent_at or receipt.at
    if message.state == State.DELIVERED:
        message.delivered_at = receipt.at
    if receipt.vendor_id and not message.vendor_id:
        message.provider, message.vendor_id = provider, receipt.vendor_id
    message.save()
    if message.reminder_id:
        is_lost = message.state == State.FAILED
        Reminder.objects.filter(pk=message.reminder_id).update(
            state=Reminder.State.FAILED if is_lost else Reminder.State.SENT,
            problem=message.problem,
            sent_at=message.sent_at,
            changed_at=receipt.at,
        )
    return message


def _message_of(provider: str, receipt: SmsReceipt) -> Message | None:
    ours = Message.objects.select_for_update().filter(direction=Message.Direction.OUT)
    if receipt.vendor_id:
        found = ours.filter(provider=provider, vendor_id=receipt.vendor_id).first()
        if found is not None:
            return found
    try:
        reference = UUID(receipt.reference)
    except ValueError:
        return None
    return ours.filter(pk=reference, channel=Message.Channel.SMS).first()
