"""From draft to issued, to void; credit notes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.permissions import Action
from billing_integrations.invoices.hooks import tell
from billing_integrations.invoices.models import (
    BillingDetails,
    CreditLine,
    CreditNote,
    Invoice,
    NumberSeries,
)
from billing_integrations.invoices.money import gst_of
from billing_integrations.invoices.payers import participant_of, payer_facts
from billing_integrations.invoices.services.access import asked_by, locked_invoice, open_cents
from billing_integrations.invoices.services.errors import (
    InvoiceError,
    NotADraftError,
    NothingToChargeError,
    StillSettledError,
    TooMuchError,
)
from billing_integrations.invoices.services.numbering import billing_details, take_number
from billing_integrations.invoices.services.posting import Account, Kind, post, reverse, side
from billing_integrations.invoices.services.settling import allocate
from ui.wording import money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from accounts.models import User


@transaction.atomic
def issue_invoice(
    invoice: Invoice, *, actor: User | None, on: date | None = None, due_on: date | None = None
) -> Invoice:
    """Give a draft its number and make it owed. What is printed is fixed from here on."""
    by = asked_by(actor, Action.CREATE)
    held = locked_invoice(invoice)
    if not held.is_draft:
        raise NotADraftError(f"{held} is issued already.")
    lines = list(held.lines.all())
    if not lines:
        raise NothingToChargeError("There is nothing on this invoice. Add a line first.")
    details = billing_details()
    held.total_cents = sum(line.total_cents for line in lines)
    held.gst_cents = sum(line.gst_cents for line in lines)
    held.payer_name, held.payer_address, held.payer_email = payer_facts(held)
    label, held.participant_number = participant_of(held, lines)
    held.participant_name = held.patient.full_name
    held.issuer = {**issuer_facts(details), "participant_label": label}
    held.issued_on = on or timezone.localdate()
    held.due_on = due_on or held.due_on or held.issued_on + timedelta(days=details.due_days)
    if held.due_on < held.issued_on:
        raise InvoiceError("The invoice would be due before it is issued.")
    held.issued_at, held.issued_by = timezone.now(), by
    held.state = Invoice.State.ISSUED if held.total_cents else Invoice.State.PAID
    held.serial, held.number = take_number(NumberSeries.Kind.INVOICE, details)
    held.save()
    held.open_cents = held.total_cents
    sides = [
        side(Account.RECEIVABLE, held.total_cents, held),
        side(Account.INCOME, held.gst_cents - held.total_cents, held),
        side(Account.GST, -held.gst_cents, held),
    ]
    post(Kind.INVOICE, sides, on=held.issued_on, by=by, invoice=held)
    tell("on_issued", held)
    return held


def issuer_facts(details: BillingDetails) -> dict[str, Any]:
    """Answer the clinic as an invoice of today prints it, below its letterhead."""
    return {
        "legal_name": details.legal_name,
        "abn": details.abn,
        "is_gst_registered": details.is_gst_registered,
        "address": details.address,
        "phone": details.phone,
        "email": details.email,
        "account_name": details.account_name,
        "bsb": details.bsb,
        "account_number": details.account_number,
        "footer_text": details.footer_text,
    }


@transaction.atomic
def void_invoice(invoice: Invoice, *, actor: User | None, reason: str, on: date) -> Invoice:
    """Take an issued invoice back as a whole. Its number stays, and its visits can be charged anew."""
    by = asked_by(actor, Action.CHANGE)
    held = locked_invoice(invoice)
    if held.is_draft or held.state == Invoice.State.VOID:
        raise InvoiceError("Only an issued invoice can be made void.")
    if not reason.strip():
        raise InvoiceError("Say why it is void.")
    if held.paid_cents or held.credited_cents or held.written_off_cents:
        raise StillSettledError(
            f"{money(held.total_cents - open_cents(held))} of it is paid, credited or written off. "
            "Take that back first, or write a credit note."
        )
    held.state, held.voided_at = Invoice.State.VOID, timezone.now()
    held.voided_by, held.void_reason = by, reason.strip()
    held.save(update_fields=["state", "voided_at", "voided_by", "void_reason", "changed_at"])
    reverse(on=on, by=by, invoice=held)
    tell("on_voided", held)
    return held


@transaction.atomic
def credit_invoice(
    invoice: Invoice,
    shares: Mapping[UUID, int],
    *,
    actor: User | None,
    reason: str,
    on: date,
) -> CreditNote:
    """Write a credit note: line id → cents taken back. What is owed falls first; the rest is credit."""
    by = asked_by(actor, Action.CREATE)
    held = locked_invoice(invoice)
    if held.is_draft or held.state == Invoice.State.VOID:
        raise InvoiceError("A credit note needs an issued invoice.")
    if not reason.strip():
        raise InvoiceError("Say what the credit is for.")
    wanted = _credit_lines(held, shares)
    total = sum(line.total_cents for line in wanted)
    if total <= 0:
        raise InvoiceError("Write what is taken back.")
    serial, number = take_number(NumberSeries.Kind.CREDIT_NOTE, billing_details())
    note = CreditNote.objects.create(
        invoice=held,
        patient_id=held.patient_id,
        payer_kind=held.payer_kind,
        contact_id=held.contact_id,
        number=number,
        serial=serial,
        issued_on=on,
        reason=reason.strip(),
        total_cents=total,
        gst_cents=sum(line.gst_cents for line in wanted),
        created_by=by,
    )
    for line in wanted:
        line.credit_note = note
    CreditLine.objects.bulk_create(wanted)
    sides = [
        side(Account.INCOME, note.total_cents - note.gst_cents, note),
        side(Account.GST, note.gst_cents, note),
        side(Account.CREDIT, -note.total_cents, note),
    ]
    post(Kind.CREDIT_NOTE, sides, on=on, by=by, credit_note=note)
    tell("on_credit", note)
    if held.is_open:
        allocate(note, held, min(open_cents(held), total), on=on, by=by)
    return note


def credit_all(invoice: Invoice) -> dict[UUID, int]:
    """Answer the shares of a credit note over all that was not credited yet."""
    before = _credited(invoice)
    return {
        line.pk: left
        for line in invoice.lines.all()
        if (left := line.total_cents - before.get(line.pk, (0, 0))[0]) > 0
    }


def _credited(invoice: Invoice) -> dict[UUID, tuple[int, int]]:
    sums = (
        CreditLine.objects.filter(credit_note__invoice=invoice)
        .values_list("line_id")
        .annotate(total=Sum("total_cents"), gst=Sum("gst_cents"))
        .order_by()
    )
    return {line_id: (total, gst) for line_id, total, gst in sums}


def _credit_lines(invoice: Invoice, shares: Mapping[UUID, int]) -> list[CreditLine]:
    before = _credited(invoice)
    lines = {line.pk: line for line in invoice.lines.all()}
    if not shares.keys() <= lines.keys():
        raise InvoiceError("A credit note takes back lines of its own invoice.")
    wanted = []
    for pk, cents in shares.items():
        line, (total, gst) = lines[pk], before.get(pk, (0, 0))
        left = line.total_cents - total
        if not 0 <= cents <= left:
            raise TooMuchError(f"{money(left)} of “{line.description}” can be credited.")
        if cents == 0:
            continue
        left_gst = line.gst_cents - gst
        wanted.append(
            CreditLine(
                line=line,
                description=line.description,
                gst_rule=line.gst_rule,
                total_cents=cents,
                gst_cents=left_gst
                if cents == left
                else min(gst_of(line.gst_rule, cents), left_gst),
                income_account=line.income_account,
            )
        )
    return wanted
