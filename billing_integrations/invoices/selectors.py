"""Questions about invoices: those written here, and the old system's. Money is in cents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Sum
from django.shortcuts import get_object_or_404

from billing_integrations.invoices.models import CreditNote, Invoice, PayerKind, Payment
from billing_integrations.invoices.rules import visible_bills, visible_invoices, visible_payments
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from accounts.models import User
    from billing_integrations.invoices.models import PastInvoice
    from clinical.patients.models import Patient

SHOWN = 300


@dataclass(frozen=True)
class InvoiceList:
    """A patient's invoices, newest first, and what they come to: all of them, not those shown."""

    invoices: Sequence[PastInvoice]
    count: int
    total_cents: int
    paid_cents: int
    without_total: int


@dataclass(frozen=True)
class InvoiceLine:
    """One line as the old system had it."""

    description: str
    quantity: str
    amount_cents: int | None
    raw: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class PatientAccount:
    """What stands between the clinic and a patient, and those who pay for them."""

    invoices: Sequence[Invoice]
    payments: Sequence[Payment]
    own_open_cents: int
    others_open_cents: int
    overdue_cents: int
    credit_cents: int
    """Of the patient's own payments and credit notes."""

    @property
    def balance_cents(self) -> int:
        return self.own_open_cents - self.credit_cents


def get_bill(actor: User, pk: UUID) -> Invoice:
    """Answer an invoice written here; raises Http404 for whom the actor may not see it."""
    invoices = visible_bills(actor).filter(patient__in=visible_patients(actor))
    related = ("patient__location", "patient__funding_type", "contact", "funding_type", "location")
    return get_object_or_404(invoices.select_related(*related), pk=pk)


def get_payment(actor: User, pk: UUID) -> Payment:
    payments = visible_payments(actor).select_related("patient", "contact")
    return get_object_or_404(payments, pk=pk)


def account_of(actor: User, patient: Patient, *, today: date) -> PatientAccount:
    """Answer a patient's invoices and payments with what they come to."""
    invoices = visible_bills(actor).filter(patient=patient).select_related("contact")
    payments = visible_payments(actor).filter(patient=patient).select_related("contact")
    shown, paid = list(invoices[:SHOWN]), list(payments[:SHOWN])
    owing = [one for one in shown if one.is_open]
    if len(shown) == SHOWN:  # more than are shown: all of those that owe count
        owing = list(invoices.filter(state__in=Invoice.OPEN_STATES))
    own = [one for one in owing if one.payer_kind == PayerKind.PATIENT]
    left = [
        one.left_cents for one in paid if one.payer_kind == PayerKind.PATIENT and not one.is_void
    ]
    notes = CreditNote.objects.filter(payer_kind=PayerKind.PATIENT, patient=patient)
    noted = notes.aggregate(left=Sum("left_cents"))["left"]
    return PatientAccount(
        invoices=shown,
        payments=paid,
        own_open_cents=sum(one.open_cents for one in own),
        others_open_cents=sum(one.open_cents for one in owing) - sum(one.open_cents for one in own),
        overdue_cents=sum(one.open_cents for one in owing if one.due_on and one.due_on < today),
        credit_cents=sum(left) + (noted or 0),
    )


def credit_for(invoice: Invoice) -> list[Payment | CreditNote]:
    """Answer what is left of the payer's money that could settle the invoice, the oldest first."""
    whose: dict[str, Any] = {"payer_kind": invoice.payer_kind, "contact": invoice.contact_id}
    if invoice.payer_kind == PayerKind.PATIENT:
        whose["patient"] = invoice.patient_id
    payments = Payment.objects.filter(voided_at=None, left_cents__gt=0, **whose).order_by("pk")
    notes = CreditNote.objects.filter(left_cents__gt=0, **whose).order_by("pk")
    return [*payments, *notes]


def get_past_invoice(actor: User, pk: UUID) -> PastInvoice:
    """Answer an invoice of the old system with its patient; raises Http404."""
    invoices = visible_invoices(actor).filter(patient__in=visible_patients(actor))
    related = ("patient", "patient__location", "patient__funding_type")
    return get_object_or_404(invoices.select_related(*related), pk=pk)


def invoices_of(actor: User, patient: Patient) -> InvoiceList:
    """Answer the old system's invoices of a patient."""
    found = visible_invoices(actor).filter(patient=patient)
    shown = list(found.defer("lines", "extra").order_by("-issued_on", "-id")[:SHOWN])
    if not shown:
        return InvoiceList([], 0, 0, 0, 0)
    sums = found.aggregate(total=Sum("total_cents"), paid=Sum("paid_cents"))
    return InvoiceList(
        invoices=shown,
        count=found.count(),
        total_cents=sums["total"] or 0,
        paid_cents=sums["paid"] or 0,
        without_total=found.filter(total_cents=None).count(),
    )


def lines_of(invoice: PastInvoice) -> list[InvoiceLine]:
    """Read the lines; what an import left out is empty."""
    return [_line(line) for line in invoice.lines if isinstance(line, dict)]


def _line(line: dict[str, Any]) -> InvoiceLine:
    amount, raw = line.get("amount_cents"), line.get("raw")
    return InvoiceLine(
        description=str(line.get("description") or ""),
        quantity=str(line.get("quantity") if line.get("quantity") is not None else ""),
        amount_cents=amount if isinstance(amount, int) else None,
        raw=sorted((str(label), str(text)) for label, text in raw.items())
        if isinstance(raw, dict)
        else (),
    )
