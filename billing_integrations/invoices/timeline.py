"""Invoices on a patient's timeline: those written here, and the old system's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing_integrations.invoices.rules import visible_bills, visible_invoices
from clinical.patients.timeline import Line, Source, dated, start_of_day
from ui.wording import money

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User
    from billing_integrations.invoices.models import Invoice, PastInvoice
    from clinical.patients.models import Patient


def _rows(actor: User, patient: Patient) -> QuerySet[PastInvoice]:
    invoices = visible_invoices(actor).filter(patient=patient).defer("lines", "extra")
    return dated(invoices, start_of_day("issued_on"))


def _word(invoice: PastInvoice) -> Line:
    return Line(
        title=str(invoice),
        url_name="invoices:detail",
        pk=invoice.pk,
        by=" · ".join(filter(None, [money(invoice.total_cents), invoice.payer])),
        pill=(invoice.status, "neutral", "") if invoice.status else None,
    )


SOURCE = Source("invoices", "Past invoices", "receipt", "invoices.view", _rows, _word)


def _bills(actor: User, patient: Patient) -> QuerySet[Invoice]:
    invoices = visible_bills(actor).filter(patient=patient).select_related("contact")
    return dated(invoices, start_of_day("issued_on"))


def _word_bill(invoice: Invoice) -> Line:
    payer = str(invoice.contact) if invoice.contact else ""
    tone = {"paid": "success", "issued": "info", "part_paid": "warning"}.get(
        invoice.state, "neutral"
    )
    return Line(
        title=str(invoice),
        url_name="invoices:detail",
        pk=invoice.pk,
        by=" · ".join(filter(None, [money(invoice.total_cents), payer])),
        pill=(invoice.get_state_display(), tone, ""),
    )


BILLS = Source("bills", "Invoices", "receipt", "invoices.view", _bills, _word_bill)
