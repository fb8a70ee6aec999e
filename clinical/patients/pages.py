"""What every page of a patient's record has in common: the heading and the tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import prefetch_related_objects
from django.shortcuts import render

from clinical.patients.header import header_of
from clinical.patients.tabs import tabs_of

OVERVIEW = "patients:detail"
SHOWN_POINTS = 2
"""Of the ways to reach a patient, so many stand in the head; the rest on the overview."""

if TYPE_CHECKING:
    from django.http import HttpResponse

    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest


def record_page(
    request: SignedInRequest,
    patient: Patient,
    template: str,
    context: dict[str, Any],
    *,
    tab: str,
    status: int = 200,
) -> HttpResponse:
    """Render a template that extends `patients/_patient.html`; `tab` is its tab's URL name."""
    prefetch_related_objects([patient], "identifiers", "contact_points")
    header = header_of(request.user, patient)
    common = {
        "patient": patient,
        "identifiers": patient.identifiers.all(),
        "reach": patient.points_in_order()[:SHOWN_POINTS],
        "header": header if tab == OVERVIEW else header.pressing(),
        "tabs": tabs_of(request.user, patient, active=tab),
    }
    return render(request, template, {**common, **context}, status=status)
