"""A patient's invoices from the old system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.views.decorators.http import require_safe

from accounts.permissions import Action, Resource, requires
from billing_integrations.invoices import selectors
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest

TAB = "invoices:list"


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def invoice_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    patient = get_patient(request.user, pk)
    record_view(patient, section="invoices")
    found = selectors.invoices_of(request.user, patient)
    context = {"found": found, "most": selectors.SHOWN}
    return record_page(request, patient, "invoices/list.html", context, tab=TAB)


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    invoice = selectors.get_past_invoice(request.user, pk)
    patient = invoice.patient
    if patient is None:
        raise Http404
    record_view(patient, section="invoice")
    context = {
        "invoice": invoice,
        "lines": selectors.lines_of(invoice),
        "extra": sorted(invoice.extra.items()),
    }
    return record_page(request, patient, "invoices/detail.html", context, tab=TAB)
