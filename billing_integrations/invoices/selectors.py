"""Questions about past invoices. Money is in cents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Sum
from django.shortcuts import get_object_or_404

from billing_integrations.invoices.rules import visible_invoices
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from collections.abc import Sequence
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


def get_invoice(actor: User, pk: UUID) -> PastInvoice:
    """Answer an invoice with its patient; raises Http404 for whom the actor may not see it."""
    invoices = visible_invoices(actor).filter(patient__in=visible_patients(actor))
    related = ("patient", "patient__location", "patient__funding_type")
    return get_object_or_404(invoices.select_related(*related), pk=pk)


def invoices_of(actor: User, patient: Patient) -> InvoiceList:
    found = visible_invoices(actor).filter(patient=patient)
    sums = found.aggregate(total=Sum("total_cents"), paid=Sum("paid_cents"))
    return InvoiceList(
        invoices=list(found.defer("lines", "extra").order_by("-issued_on", "-id")[:SHOWN]),
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
