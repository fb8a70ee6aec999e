"""What comes back from the vendors, written to the texts it is about.

All of it runs in the clinic's scope. Receipts may come late, twice, in any order, and before we know
the vendor's id of the text; a receipt of a text that is none of ours changes nothing.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q

from clinical.messages import incoming, receipts
from clinical.messages.models import Message
from connections.models import Connection, InboxEvent, OutboxEntry
from ports.sms import IncomingSms, SmsReceipt, SmsState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from billing_integrations.sms.carriers import News, Price

TEST = "sms.test"
RECEIPT, INCOMING = "receipt", "incoming"
MICROS_A_CENT = 100
_RANKS = {state.value: state.rank for state in SmsState}


def apply_receipt(provider: str, receipt: SmsReceipt) -> bool:
    """Bring the text of a receipt further; False where it is none of ours."""
    if not _is_ours(provider, receipt):
        return _apply_to_test(provider, receipt)
    return receipts.note(provider, receipt) is not None


def apply_incoming(provider: str, sms: IncomingSms) -> Message:
    """Keep a text from a telephone, also from one that nobody has."""
    return incoming.received(provider, sms)


def apply_event(event: InboxEvent) -> bool:
    """Work through what a vendor's call has told; False where it is about nothing of ours."""
    told = json.loads(event.body)
    if event.kind == INCOMING:
        apply_incoming(event.provider, incoming_from(told))
        return True
    return apply_receipt(event.provider, receipt_from(told))


def apply_early(provider: str, vendor_id: str) -> None:
    """Apply the receipts that came before we knew the vendor's id of the text."""
    ids = [f"{vendor_id}:{state.value}" for state in SmsState]
    for event in InboxEvent.objects.filter(provider=provider, external_id__in=ids):
        apply_event(event)


def apply_news(provider: str, news: News) -> int:
    """Write down what a vendor's lists tell and its calls have not; answers how much was new."""
    done = sum(apply_receipt(provider, one) for one in _telling(provider, news.receipts))
    done += sum(_note_price(provider, one) for one in _unpriced(provider, news.prices))
    for sms in _unheard(provider, news.incoming):
        apply_incoming(provider, sms)
        done += 1
    return done


# ── as events of the inbox ───────────────────────────────────────────────────────────────────────


def receipt_event(receipt: SmsReceipt) -> tuple[str, str, str]:
    """Write a receipt as an event: its id, kind and body. The same state twice is one event."""
    told = {
        "vendor_id": receipt.vendor_id,
        "state": receipt.state.value,
        "at": receipt.at.isoformat(),
        "reference": receipt.reference,
        "problem": receipt.problem,
    }
    return f"{receipt.vendor_id}:{receipt.state.value}", RECEIPT, json.dumps(told)


def incoming_event(sms: IncomingSms) -> tuple[str, str, str]:
    """Write a text from a telephone as an event."""
    told = {
        "vendor_id": sms.vendor_id,
        "sender": sms.sender,
        "to": sms.to,
        "body": sms.body,
        "at": sms.at.isoformat(),
        "reference": sms.reference,
        "opt_out": sms.opt_out,
    }
    return f"{sms.vendor_id}:in", INCOMING, json.dumps(told)


def receipt_from(told: Mapping[str, Any]) -> SmsReceipt:
    return SmsReceipt(
        vendor_id=told["vendor_id"],
        state=SmsState(told["state"]),
        at=datetime.fromisoformat(told["at"]),
        reference=told["reference"],
        problem=told["problem"],
    )


def incoming_from(told: Mapping[str, Any]) -> IncomingSms:
    return IncomingSms(**{**told, "at": datetime.fromisoformat(told["at"])})


# ── which are ours ───────────────────────────────────────────────────────────────────────────────


def _is_ours(provider: str, receipt: SmsReceipt) -> bool:
    """Answer whether a receipt names a text of ours; where it names two things, both must agree."""
    ours = Message.objects.filter(direction=Message.Direction.OUT, channel=Message.Channel.SMS)
    by_vendor = Q(provider=provider, vendor_id=receipt.vendor_id)
    if not receipt.reference:
        return ours.filter(by_vendor).exists()
    try:
        reference = UUID(receipt.reference)
    except ValueError:
        return False
    return ours.filter(by_vendor | Q(vendor_id=""), pk=reference).exists()


def _apply_to_test(provider: str, receipt: SmsReceipt) -> bool:
    entry = (
        OutboxEntry.objects.select_for_update()
        .filter(
            kind=TEST,
            vendor_id=receipt.vendor_id,
            subject_id__in=Connection.objects.filter(provider=provider).values("pk"),
        )
        .first()
    )
    if entry is None or not receipt.vendor_id:
        return False
    if receipt.reference and receipt.reference != str(entry.pk):
        return False
    known = SmsState(entry.answer.get("state", SmsState.QUEUED.value))
    if receipt.state.rank > known.rank:
        entry.answer |= {"state": receipt.state.value, "problem": receipt.problem}
        entry.save(update_fields=["answer", "changed_at"])
    return True


# ── what is new in a vendor's list ───────────────────────────────────────────────────────────────


def _telling(provider: str, told: Iterable[SmsReceipt]) -> list[SmsReceipt]:
    """Answer the receipts that say more than we know."""
    told = list(told)
    states = dict(
        _ours(provider, [one.vendor_id for one in told]).values_list("vendor_id", "state")
    )
    return [one for one in told if one.state.rank > _RANKS.get(states.get(one.vendor_id, ""), 0)]


def _unpriced(provider: str, told: Iterable[Price]) -> list[Price]:
    told = list(told)
    missing = _ours(provider, [one.vendor_id for one in told]).filter(cost_micros=None)
    wanted = set(missing.values_list("vendor_id", flat=True))
    return [one for one in told if one.vendor_id in wanted]


def _note_price(provider: str, price: Price) -> int:
    facts: dict[str, object] = {
        "cost_micros": round(price.cost_cents * MICROS_A_CENT),
        "currency": price.currency[:3],
    }
    if price.segments:
        facts["segments"] = price.segments
    unpriced = _ours(provider, [price.vendor_id]).filter(cost_micros=None)
    return int(unpriced.update(**facts))


def _unheard(provider: str, told: Iterable[IncomingSms]) -> list[IncomingSms]:
    """Answer the texts that were not received yet, the oldest first."""
    told = sorted(told, key=lambda one: one.at)
    received = Message.objects.filter(
        provider=provider,
        direction=Message.Direction.IN,
        vendor_id__in=[one.vendor_id for one in told],
    )
    known = set(received.values_list("vendor_id", flat=True))
    return [one for one in told if one.vendor_id not in known]


def _ours(provider: str, vendor_ids: list[str]) -> Any:
    return Message.objects.filter(
        provider=provider, direction=Message.Direction.OUT, vendor_id__in=vendor_ids
    )
