"""The printed statement for a claim with Medicare or DVA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record
from billing_integrations.invoices.printing import file_name
from billing_integrations.invoices.rules import visible_bills
from billing_integrations.ndis.statements import statement_of, statement_paper
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from uuid import UUID

    from clinical.practice.requests import SignedInRequest


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def statement(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Answer the PDF that a patient or the practice claims with."""
    bills = visible_bills(request.user).filter(patient__in=visible_patients(request.user))
    invoice = get_object_or_404(bills.select_related("patient", "contact", "location"), pk=pk)
    found = statement_of(invoice)
    if found is None:
        raise Http404
    record(
        "export",
        object_type="invoices_invoice",
        object_id=str(invoice.pk),
        subject_id=str(invoice.patient_id),
        payload={"section": f"{found.scheme} statement"},
    )
    made = statement_paper(found).pdf(request.tenant)
    answer = HttpResponse(made, content_type="application/pdf")
    name = file_name(f"{found.scheme}-claim", invoice.number)
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    return answer
