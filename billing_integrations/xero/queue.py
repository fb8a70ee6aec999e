"""What happens to invoices is put into the outbox, in the same transaction, in a lane per invoice.

Nothing is written where the clinic has no Xero, or has not said from when on it sends. While the
connection is broken everything is written and waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from billing_integrations.invoices.models import Allocation, CreditNote, Invoice, Payment, WriteOff
from billing_integrations.xero import booking, payloads
from billing_integrations.xero.links import (
    Kind,
    State,
    connection,
    contact_link,
    current_settings,
    link_of,
    wanted_link,
)
from billing_integrations.xero.models import XeroLink, XeroSettings
from connections import outbox
from connections.models import OutboxEntry

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import Model

    from billing_integrations.invoices.models import Refund

CONTACT, INVOICE, VOID = "xero.contact", "xero.invoice", "xero.void"
PAYMENT, PAYMENT_UNDO = "xero.payment", "xero.payment_undo"
CREDIT, ALLOCATION, REFUND = "xero.credit", "xero.allocation", "xero.refund"
WRITE_OFF, PULL = "xero.write_off", "xero.pull"
MOST_AT_ONCE = 2000
"""Entries that one round of catching up writes."""


def lane_of(invoice_id: UUID) -> str:
    return f"xero:{invoice_id}"


def _put(kind: str, subject: Model, organisation: str, lane: str, *, version: str = "") -> None:
    key = f"{kind}:{organisation}:{subject.pk}" + (f":{version}" if version else "")
    outbox.put(
        kind, subject, key=key, provider="xero", lane=lane, payload={"organisation": organisation}
    )


def on_issued(invoice: Invoice) -> None:
    settings = current_settings()
    if settings is not None:
        send_invoice(invoice, settings)


def send_invoice(invoice: Invoice, settings: XeroSettings) -> bool:
    """Have an issued invoice sent, with its contact where that is called differently by now."""
    if (
        invoice.issued_on is None
        or settings.go_live is None
        or invoice.issued_on < settings.go_live
    ):
        return False
    number = booking.number_of(settings, invoice.number)
    wanted_link(settings.organisation, Kind.INVOICE, invoice, invoice_id=invoice.pk, number=number)
    _refresh_contact(invoice, settings)
    _put(INVOICE, invoice, settings.organisation, lane_of(invoice.pk))
    return True


def _refresh_contact(invoice: Invoice, settings: XeroSettings) -> None:
    payer = booking.payer_id(invoice.payer_kind, invoice.patient, invoice.contact)
    link = contact_link(settings.organisation, payer)
    if link is None or not link.xero_id or link.is_from_xero or link.object_id != payer:
        return
    print_now = payloads.fingerprint(payloads.contact(booking.debtor_of(invoice, settings)))
    if link.fingerprint != print_now:
        lane = f"xero:contact:{payer}"
        _put(CONTACT, invoice, settings.organisation, lane, version=print_now[:12])


def on_voided(invoice: Invoice) -> None:
    link = _invoice_link(invoice.pk)
    if link is None:
        return
    # What Xero has refused stands before it in the lane, and is not wanted any more.
    stuck = OutboxEntry.objects.filter(
        lane=lane_of(invoice.pk),
        kind=INVOICE,
        subject_id=invoice.pk,
        state__in=[OutboxEntry.State.FAILED, OutboxEntry.State.UNCLEAR],
    )
    stuck.update(state=OutboxEntry.State.CANCELLED, problem="The invoice was voided.")
    _put(VOID, invoice, link.organisation, lane_of(invoice.pk))


def on_allocated(allocation: Allocation) -> None:
    link = _invoice_link(allocation.invoice_id)
    if link is None:
        return
    if allocation.payment is not None:
        if allocation.payment.method == Payment.Method.XERO and allocation.payment.external_id:
            return
        wanted_link(link.organisation, Kind.PAYMENT, allocation, invoice_id=allocation.invoice_id)
        _put(PAYMENT, allocation, link.organisation, lane_of(allocation.invoice_id))
    else:
        wanted_link(
            link.organisation, Kind.ALLOCATION, allocation, invoice_id=allocation.invoice_id
        )
        _put(ALLOCATION, allocation, link.organisation, lane_of(allocation.invoice_id))


def on_unallocated(allocation: Allocation) -> None:
    kind = Kind.PAYMENT if allocation.payment_id else Kind.ALLOCATION
    link = link_of(_organisation(), kind, allocation.pk)
    if link is None:
        return
    OutboxEntry.objects.filter(
        subject_id=allocation.pk,
        kind__in=[PAYMENT, ALLOCATION],
        state__in=[OutboxEntry.State.FAILED, OutboxEntry.State.UNCLEAR],
    ).update(state=OutboxEntry.State.CANCELLED, problem="It was taken back here.")
    _put(PAYMENT_UNDO, allocation, link.organisation, lane_of(allocation.invoice_id))


def on_credit(note: CreditNote) -> None:
    link = _invoice_link(note.invoice_id)
    if link is None:
        return
    wanted_link(link.organisation, Kind.CREDIT_NOTE, note, invoice_id=note.invoice_id)
    _put(CREDIT, note, link.organisation, lane_of(note.invoice_id))


def on_refund(refund: Refund) -> None:
    """Credit given back is told of where the credit is in Xero; other credit never was there."""
    if refund.credit_note is None:
        return
    link = _invoice_link(refund.credit_note.invoice_id)
    if link is None:
        return
    invoice_id = refund.credit_note.invoice_id
    wanted_link(link.organisation, Kind.PAYMENT, refund, invoice_id=invoice_id)
    _put(REFUND, refund, link.organisation, lane_of(invoice_id))


def on_write_off(write_off: WriteOff) -> None:
    settings, link = current_settings(), _invoice_link(write_off.invoice_id)
    if settings is None or link is None or not settings.write_off_account:
        return
    wanted_link(link.organisation, Kind.WRITE_OFF, write_off, invoice_id=write_off.invoice_id)
    _put(WRITE_OFF, write_off, link.organisation, lane_of(write_off.invoice_id))


def _organisation() -> str:
    found = connection()
    return found.external_id if found else ""


def _invoice_link(invoice_id: UUID) -> XeroLink | None:
    return link_of(_organisation(), Kind.INVOICE, invoice_id)


def pull(link: XeroLink, *, version: str) -> None:
    """Have an invoice read from Xero: something about it has changed there."""
    _put(PULL, link, link.organisation, f"xero:pull:{link.pk}", version=version)


# ── catching up ───────────────────────────────────────────────────────────────────────────────


def catch_up() -> int:
    """Write what should have been sent and is not even waiting; answers how many invoices.

    So is everything after a break in which Xero was disconnected, and all since the first day when
    the clinic begins.
    """
    settings = current_settings()
    if settings is None:
        return 0
    known = XeroLink.objects.filter(
        organisation=settings.organisation, kind=Kind.INVOICE, object_id=OuterRef("pk")
    )
    missing = (
        Invoice.objects.filter(~Exists(known), issued_on__gte=settings.go_live, total_cents__gt=0)
        .exclude(state__in=[Invoice.State.DRAFT, Invoice.State.VOID])
        .select_related("patient", "contact")
        .order_by("serial")[:MOST_AT_ONCE]
    )
    sent = 0
    for invoice in missing:
        if send_invoice(invoice, settings):
            sent += 1
            _follow_up(invoice)
    _catch_up_money(settings)
    return sent


def _catch_up_money(settings: XeroSettings) -> None:
    """Write what happened to invoices that are meant for Xero while it was disconnected."""
    there = XeroLink.objects.filter(organisation=settings.organisation)
    meant = there.filter(kind=Kind.INVOICE, object_id=OuterRef("invoice_id"))
    itself = there.exclude(kind__in=[Kind.INVOICE, Kind.CONTACT]).filter(object_id=OuterRef("pk"))
    notes = CreditNote.objects.filter(Exists(meant), ~Exists(itself))
    for note in notes.order_by("pk")[:MOST_AT_ONCE]:
        on_credit(note)
    from_xero = Q(payment__method=Payment.Method.XERO) & ~Q(payment__external_id="")
    allocations = Allocation.objects.filter(Exists(meant), ~Exists(itself), undone_at=None)
    for allocation in (
        allocations.exclude(from_xero).select_related("payment").order_by("pk")[:MOST_AT_ONCE]
    ):
        on_allocated(allocation)
    write_offs = WriteOff.objects.filter(Exists(meant), ~Exists(itself), undone_at=None)
    for write_off in write_offs.order_by("pk")[:MOST_AT_ONCE]:
        on_write_off(write_off)
    linked = there.filter(kind=Kind.INVOICE, state=State.LINKED, object_id=OuterRef("pk"))
    void = Invoice.objects.filter(Exists(linked), state=Invoice.State.VOID)
    for invoice in void.order_by("pk")[:MOST_AT_ONCE]:
        on_voided(invoice)


def _follow_up(invoice: Invoice) -> None:
    """Write what has already happened to an invoice that is sent late."""
    allocations = invoice.allocations.filter(undone_at=None).select_related("payment")
    for note in invoice.credit_notes.order_by("pk"):
        on_credit(note)
    for allocation in allocations.order_by("pk"):
        on_allocated(allocation)
    for write_off in invoice.write_offs.filter(undone_at=None).order_by("pk"):
        on_write_off(write_off)


def refused_links(organisation: str) -> int:
    return XeroLink.objects.filter(organisation=organisation, state=State.REFUSED).count()
