"""Money in and out: payments, what of them goes to which invoice, refunds, write-offs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.permissions import Action
from billing_integrations.invoices.hooks import tell
from billing_integrations.invoices.models import (
    Allocation,
    Invoice,
    NumberSeries,
    Payment,
    Refund,
    WriteOff,
)
from billing_integrations.invoices.services.access import (
    Source,
    asked_by,
    left_cents,
    locked_invoice,
    locked_invoices,
    locked_source,
    open_cents,
    save_settled,
)
from billing_integrations.invoices.services.errors import (
    InvoiceError,
    NotADraftError,
    NotOpenError,
    OtherPayerError,
    PaymentVoidError,
    StillSettledError,
    TooMuchError,
)
from billing_integrations.invoices.services.numbering import billing_details, take_number
from billing_integrations.invoices.services.posting import Account, Kind, post, reverse, side
from ui.wording import money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from accounts.models import User
    from clinical.contacts.models import Contact
    from clinical.patients.models import Patient


@transaction.atomic
def record_payment(
    invoice: Invoice,
    cents: int,
    *,
    on: date,
    method: str,
    actor: User | None = None,
    reference: str = "",
    note: str = "",
    external_id: str = "",
) -> Payment:
    """Record money for one invoice; what it no longer needs becomes the payer's credit.

    With an `external_id`, the same one again changes nothing and answers the payment that stands.
    """
    known = _known(method, external_id)
    if known is not None:
        return known
    held = locked_invoice(invoice)
    if held.is_draft:
        raise NotADraftError("Issue the invoice first, then take the payment.")
    owed = open_cents(held) if held.is_open else 0
    return receive_payment(
        cents,
        payer_kind=held.payer_kind,
        contact=held.contact,
        patient=held.patient,
        on=on,
        method=method,
        shares={held.pk: min(cents, owed)} if min(cents, owed) > 0 else {},
        actor=actor,
        reference=reference,
        note=note,
        external_id=external_id,
    )


@transaction.atomic
def receive_payment(
    cents: int,
    *,
    payer_kind: str,
    contact: Contact | None,
    patient: Patient | None,
    on: date,
    method: str,
    shares: Mapping[UUID, int],
    actor: User | None = None,
    reference: str = "",
    note: str = "",
    external_id: str = "",
) -> Payment:
    """Record money from a payer and share it out: invoice id → cents. The rest is their credit."""
    by = asked_by(actor, Action.CREATE)
    known = _known(method, external_id)
    if known is not None:
        return known
    if cents <= 0:
        raise InvoiceError("Write an amount above nothing.")
    if on > timezone.localdate():
        raise InvoiceError("The day of the payment is still to come.")
    if sum(shares.values()) > cents:
        raise TooMuchError(
            f"{money(sum(shares.values()))} is shared out, but {money(cents)} came in."
        )
    invoices = locked_invoices(shares)
    serial, number = take_number(NumberSeries.Kind.RECEIPT, billing_details())
    payment = Payment.objects.create(
        cents=cents,
        payer_kind=payer_kind,
        contact=contact,
        patient=patient,
        paid_on=on,
        method=method,
        reference=reference,
        note=note,
        external_id=external_id,
        serial=serial,
        number=number,
        created_by=by,
    )
    sides = [side(Account.BANK, cents, payment), side(Account.CREDIT, -cents, payment)]
    post(Kind.PAYMENT, sides, on=on, by=by, payment=payment)
    tell("on_payment", payment)
    for pk, share in shares.items():
        if pk not in invoices:
            raise NotOpenError("One of the invoices is not here any more.")
        if share:
            allocate(payment, invoices[pk], share, on=on, by=by)
    return payment


@transaction.atomic
def use_credit(
    source: Source, invoice: Invoice, cents: int, *, actor: User | None, on: date
) -> Allocation:
    """Let credit of the same payer settle an invoice."""
    by = asked_by(actor, Action.CHANGE)
    held, found = locked_invoice(invoice), locked_source(source)
    return allocate(found, held, cents, on=on, by=by)


def allocate(source: Source, invoice: Invoice, cents: int, *, on: date, by: str) -> Allocation:
    """Give an invoice its share; both rows are held by the caller."""
    if not invoice.is_open:
        raise NotOpenError(f"Nothing is owed on invoice {invoice.number}.")
    if isinstance(source, Payment) and source.is_void:
        raise PaymentVoidError(f"Receipt {source.number} was taken back.")
    if (source.payer_kind, source.contact_id) != (invoice.payer_kind, invoice.contact_id) or (
        source.payer_kind == "patient" and source.patient_id != invoice.patient_id
    ):
        raise OtherPayerError(f"Invoice {invoice.number} is somebody else's to pay.")
    if not 0 < cents <= min(open_cents(invoice), left_cents(source)):
        raise TooMuchError(
            f"Invoice {invoice.number} still owes {money(open_cents(invoice))}, and "
            f"{money(left_cents(source))} is left to share out."
        )
    is_payment = isinstance(source, Payment)
    allocation = Allocation.objects.create(
        payment=source if isinstance(source, Payment) else None,
        credit_note=None if isinstance(source, Payment) else source,
        invoice=invoice,
        cents=cents,
        allocated_on=on,
        created_by=by,
    )
    sides = [side(Account.CREDIT, cents, source), side(Account.RECEIVABLE, -cents, invoice)]
    post(Kind.ALLOCATION, sides, on=on, by=by, allocation=allocation)
    _share(source, invoice, cents, is_payment=is_payment)
    tell("on_allocated", allocation)
    return allocation


@transaction.atomic
def take_back_allocation(allocation: Allocation, *, actor: User | None, on: date) -> None:
    """Make a share the payer's credit again; the invoice owes it again."""
    by = asked_by(actor, Action.CHANGE)
    invoice = locked_invoice(allocation.invoice)
    source = locked_source(_source(allocation))
    _take_back(allocation, source, invoice, on=on, by=by)


def _take_back(
    allocation: Allocation, source: Source, invoice: Invoice, *, on: date, by: str
) -> None:
    now = timezone.now()
    live = Allocation.objects.filter(pk=allocation.pk, undone_at=None)
    if not live.update(undone_at=now, undone_by=by):
        raise InvoiceError("This was taken back already.")
    allocation.undone_at, allocation.undone_by = now, by
    reverse(on=on, by=by, allocation=allocation)
    _share(source, invoice, -allocation.cents, is_payment=isinstance(source, Payment))
    tell("on_unallocated", allocation)


def _share(source: Source, invoice: Invoice, cents: int, *, is_payment: bool) -> None:
    source.allocated_cents += cents
    source.save(update_fields=["allocated_cents", "changed_at"])
    if is_payment:
        invoice.paid_cents += cents
    else:
        invoice.credited_cents += cents
    save_settled(invoice)


@transaction.atomic
def void_payment(payment: Payment, *, actor: User | None, reason: str, on: date) -> Payment:
    """Take a payment back: a wrong entry, a cheque that bounced. Its invoices owe again."""
    by = asked_by(actor, Action.CHANGE)
    if not reason.strip():
        raise InvoiceError("Say why the payment is taken back.")
    live = list(payment.allocations.filter(undone_at=None))
    invoices = locked_invoices({one.invoice_id for one in live})
    held = locked_source(payment)
    assert isinstance(held, Payment)  # noqa: S101 - for the type checker
    if held.is_void:
        raise PaymentVoidError(f"Receipt {held.number} was taken back already.")
    if held.refunded_cents:
        raise StillSettledError("Part of it was refunded. Take the refund back first.")
    for allocation in held.allocations.filter(undone_at=None):
        if allocation.invoice_id not in invoices:
            raise InvoiceError("Somebody has just shared it out anew. Look again.")
        _take_back(allocation, held, invoices[allocation.invoice_id], on=on, by=by)
    reverse(on=on, by=by, payment=held)
    held.voided_at, held.voided_by, held.void_reason = timezone.now(), by, reason
    held.save(update_fields=["voided_at", "voided_by", "void_reason", "changed_at"])
    tell("on_payment_voided", held)
    return held


@transaction.atomic
def refund(
    source: Source,
    cents: int,
    *,
    actor: User | None,
    on: date,
    method: str,
    reference: str = "",
    reason: str = "",
) -> Refund:
    """Give credit back in money."""
    by = asked_by(actor, Action.CREATE)
    held = locked_source(source)
    if isinstance(held, Payment) and held.is_void:
        raise PaymentVoidError(f"Receipt {held.number} was taken back.")
    if not 0 < cents <= left_cents(held):
        raise TooMuchError(f"There is {money(left_cents(held))} to refund.")
    made = Refund.objects.create(
        payment=held if isinstance(held, Payment) else None,
        credit_note=None if isinstance(held, Payment) else held,
        cents=cents,
        refunded_on=on,
        method=method,
        reference=reference,
        reason=reason,
        created_by=by,
    )
    sides = [side(Account.CREDIT, cents, held), side(Account.BANK, -cents, held)]
    post(Kind.REFUND, sides, on=on, by=by, refund=made)
    held.refunded_cents += cents
    held.save(update_fields=["refunded_cents", "changed_at"])
    tell("on_refund", made)
    return made


@transaction.atomic
def take_back_refund(made: Refund, *, actor: User | None, on: date) -> None:
    """Say that a refund was never paid out."""
    by = asked_by(actor, Action.CHANGE)
    held = locked_source(made.payment or made.credit_note)  # type: ignore[arg-type]
    live = Refund.objects.filter(pk=made.pk, undone_at=None)
    if not live.update(undone_at=timezone.now(), undone_by=by):
        raise InvoiceError("This refund was taken back already.")
    reverse(on=on, by=by, refund=made)
    held.refunded_cents -= made.cents
    held.save(update_fields=["refunded_cents", "changed_at"])


@transaction.atomic
def write_off(
    invoice: Invoice, *, actor: User | None, reason: str, on: date, cents: int | None = None
) -> WriteOff:
    """Give up on what an invoice still owes, or part of it."""
    by = asked_by(actor, Action.CHANGE)
    if not reason.strip():
        raise InvoiceError("Say why it is written off.")
    held = locked_invoice(invoice)
    if not held.is_open:
        raise NotOpenError(f"Nothing is owed on invoice {held.number}.")
    amount = open_cents(held) if cents is None else cents
    if not 0 < amount <= open_cents(held):
        raise TooMuchError(f"Invoice {held.number} owes {money(open_cents(held))}.")
    made = WriteOff.objects.create(
        invoice=held, cents=amount, written_off_on=on, reason=reason, created_by=by
    )
    sides = [side(Account.BAD_DEBT, amount, held), side(Account.RECEIVABLE, -amount, held)]
    post(Kind.WRITE_OFF, sides, on=on, by=by, write_off=made)
    held.written_off_cents += amount
    save_settled(held)
    tell("on_write_off", made)
    return made


@transaction.atomic
def take_back_write_off(made: WriteOff, *, actor: User | None, on: date) -> None:
    """Expect the money after all."""
    by = asked_by(actor, Action.CHANGE)
    held = locked_invoice(made.invoice)
    live = WriteOff.objects.filter(pk=made.pk, undone_at=None)
    if not live.update(undone_at=timezone.now(), undone_by=by):
        raise InvoiceError("This was taken back already.")
    reverse(on=on, by=by, write_off=made)
    held.written_off_cents -= made.cents
    save_settled(held)


def _known(method: str, external_id: str) -> Payment | None:
    if not external_id:
        return None
    return Payment.objects.filter(method=method, external_id=external_id).first()


def _source(allocation: Allocation) -> Source:
    source = allocation.payment or allocation.credit_note
    assert source is not None  # noqa: S101 - a constraint
    return source
