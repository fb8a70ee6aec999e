"""Which support coordinators from outside see a participant: given and taken by who manages staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.permissions import Action, Resource, requires
from clinical.patients import selectors, services
from clinical.patients.pages import record_page

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.STAFF)
def coordinators(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """List who sees the participant; let another in, or take one out (POST `user`, `fate`)."""
    patient = selectors.get_patient(request.user, pk)
    people = User.objects.filter(role=User.Role.COORDINATOR, is_active=True).order_by("name")
    assigned = set(patient.coordinator_assignments.values_list("user_id", flat=True))
    if request.method != "POST":
        context = {
            "inside": [person for person in people if person.pk in assigned],
            "outside": [person for person in people if person.pk not in assigned],
        }
        return record_page(
            request, patient, "patients/coordinators.html", context, tab="patients:detail"
        )
    chosen = next((p for p in people if str(p.pk) == request.POST.get("user", "")), None)
    if chosen is None:
        messages.error(request, "Choose a support coordinator who has an account here.")
    elif request.POST.get("fate") == "out":
        services.unassign_coordinator(patient, actor=request.user, coordinator=chosen)
        messages.success(request, f"{chosen.name} no longer sees {patient.full_name}.")
    else:
        services.assign_coordinator(patient, actor=request.user, coordinator=chosen)
        messages.success(request, f"{chosen.name} sees {patient.full_name} from now on.")
    return redirect("patients:coordinators", pk=patient.pk)
