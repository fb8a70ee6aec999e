"""Past invoices on a patient's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing_integrations.invoices.rules import visible_invoices
from clinical.patients.timeline import Line, Source, dated, start_of_day
from ui.wording import money

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User
    from billing_integrations.invoices.models import PastInvoice
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


SOURCE = Source("invoices", "Invoices", "receipt", "invoices.view", _rows, _word)
