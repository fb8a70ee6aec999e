"""What Xero says of invoices and payments is written down here, each payment once.

Our ledger is never changed in silence: a payment that was entered in Xero is recorded as one “through
Xero”, one that was removed there is taken back the same way. What people here entered themselves
stays as it is, and shows as a difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from billing_integrations.invoices import services
from billing_integrations.invoices.models import Allocation, Invoice, Payment, Refund
from billing_integrations.xero import links, wire
from billing_integrations.xero.links import Kind, State
from billing_integrations.xero.models import XeroCursor, XeroLink
from billing_integrations.xero.money import OURS
from ui.wording import money

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

Row = dict[str, Any]
OVERLAP = timedelta(minutes=10)
"""Changes are read from so long before the last time again: clocks differ, and rows appear late."""
DELETED = "DELETED"
DEAD = {"VOIDED", "DELETED"}
_METHOD = Payment.Method.XERO


@dataclass(frozen=True)
class Told:
    """What came of reading: payments recorded, payments taken back."""

    recorded: int = 0
    taken_back: int = 0

    def __add__(self, other: Told) -> Told:
        return Told(self.recorded + other.recorded, self.taken_back + other.taken_back)


def apply_invoice(organisation: str, row: Mapping[str, Any]) -> Told:
    """Write down how an invoice stands in Xero, with the payments that its full row lists."""
    link = _invoice_link(organisation, str(row.get("InvoiceID") or ""))
    if link is None:
        return Told()
    seen = links.seen_of(row)
    if seen != link.seen:
        link.seen, link.seen_at = seen, timezone.now()
        link.save(update_fields=["seen", "seen_at", "changed_at"])
    _note_death(link, str(row.get("Status") or ""))
    if "Payments" not in row:
        return Told()
    told, listed = Told(), set()
    for payment in row["Payments"] or []:
        if isinstance(payment, dict) and payment.get("PaymentID"):
            listed.add(str(payment["PaymentID"]))
            told += apply_payment(organisation, payment, link=link)
    for known in _payments_of(organisation, link.object_id):
        if known.xero_id not in listed:
            told += _removed(known)
    return told


def apply_payment(
    organisation: str, row: Mapping[str, Any], *, link: XeroLink | None = None
) -> Told:
    """Write down one payment of Xero's; the same one again changes nothing."""
    payment_id = str(row.get("PaymentID") or "")
    invoice_id = str((row.get("Invoice") or {}).get("InvoiceID") or "")
    link = link or _invoice_link(organisation, invoice_id)
    if not payment_id or link is None:
        return Told()
    known = XeroLink.objects.filter(
        organisation=organisation, kind=Kind.PAYMENT, xero_id=payment_id
    ).first()
    if row.get("Status") == DELETED:
        return _removed(known) if known else Told()
    if known is not None:
        return Told()
    reference = str(row.get("Reference") or "")
    if _is_ours(reference):
        # Its delivery is not written down yet, and will be: it finds the payment by its reference.
        return Told()
    return _record(organisation, row, payment_id, reference, link)


def _record(
    organisation: str, row: Mapping[str, Any], payment_id: str, reference: str, link: XeroLink
) -> Told:
    amount = wire.cents(row.get("Amount"))
    if amount <= 0:
        return Told()
    invoice = Invoice.objects.get(pk=link.object_id)
    if invoice.state in {Invoice.State.VOID, Invoice.State.DRAFT}:
        words = f"{money(amount)} was paid in Xero on an invoice that is void here."
        _mark_odd(link, words)
        return Told()
    today = timezone.localdate()
    payment = services.record_payment(
        invoice,
        amount,
        on=min(wire.day(row.get("Date")) or today, today),
        method=_METHOD,
        reference=reference[:100],
        note="Recorded in Xero",
        external_id=payment_id,
    )
    made = links.wanted_link(organisation, Kind.PAYMENT, payment, invoice_id=invoice.pk)
    made.is_from_xero = True
    links.note_there(made, xero_id=payment_id, number=reference[:60], seen={"cents": amount})
    return Told(recorded=1)


def _removed(known: XeroLink) -> Told:
    """A payment is not in Xero any more: take back what came from there, ask about what is ours."""
    if known.state in {State.GONE, State.ODD}:
        return Told()
    if not known.is_from_xero:
        words = (
            "This payment was removed in Xero, and still stands here. Take it back here, or enter it "
            "in Xero again."
        )
        _mark_odd(known, words)
        return Told()
    payment = Payment.objects.filter(pk=known.object_id, voided_at=None).first()
    if payment is None:
        links.note_gone(known)
        return Told()
    try:
        services.void_payment(
            payment, actor=None, reason="Removed in Xero", on=timezone.localdate()
        )
    except services.InvoiceError as error:
        _mark_odd(known, f"This payment was removed in Xero, but cannot be here: {error}")
        return Told()
    links.note_gone(known, "Removed in Xero")
    return Told(taken_back=1)


def _note_death(link: XeroLink, status: str) -> None:
    if status in DEAD and link.state == State.LINKED:
        words = "voided" if status == "VOIDED" else "deleted"
        advice = "Void it here too, or send it again from the check."
        _mark_odd(link, f"The invoice was {words} in Xero, and still stands here. {advice}")


def _mark_odd(link: XeroLink, words: str) -> None:
    link.state, link.problem = State.ODD, words
    link.save(update_fields=["state", "problem", "changed_at"])


def _invoice_link(organisation: str, invoice_id: str) -> XeroLink | None:
    if not invoice_id:
        return None
    return (
        XeroLink.objects.select_for_update()
        .filter(organisation=organisation, kind=Kind.INVOICE, xero_id=invoice_id)
        .first()
    )


def _payments_of(organisation: str, invoice_id: UUID) -> Iterable[XeroLink]:
    """Answer the payments of an invoice that should be in Xero. Refunds of credit are no part of it."""
    found = XeroLink.objects.filter(
        organisation=organisation, kind=Kind.PAYMENT, invoice_id=invoice_id, state=State.LINKED
    )
    refunds = Refund.objects.filter(pk__in=found.values("object_id"))
    return found.exclude(object_id__in=refunds.values("pk"))


def _is_ours(reference: str) -> bool:
    """Answer whether a payment carries the reference of one that Nexus sends."""
    text = reference.removeprefix(OURS).lower()
    if text == reference.lower() or len(text) != 32:  # noqa: PLR2004 - digits of a UUID
        return False
    if any(letter not in "0123456789abcdef" for letter in text):
        return False
    return Allocation.objects.filter(pk=text).exists() or Refund.objects.filter(pk=text).exists()


# ── how far changes were read ─────────────────────────────────────────────────────────────────


def cursor_of(organisation: str) -> XeroCursor:
    """Answer how far was read; a new organisation is read from the day before on."""
    found, _ = XeroCursor.objects.get_or_create(
        organisation=organisation,
        defaults={"read_until": timezone.now() - timedelta(days=1)},
    )
    return found


def note_read(organisation: str, *, until: datetime, problem: str = "") -> None:
    cursor = cursor_of(organisation)
    cursor.polled_at, cursor.problem = timezone.now(), problem[:1000]
    if not problem:
        cursor.read_until = max(cursor.read_until, until)
    cursor.save()
