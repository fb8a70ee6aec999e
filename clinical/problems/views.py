"""The pages about problems, allergies and medications of a patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view
from clinical.problems import selectors, services
from clinical.problems.forms import FORMS

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest
    from clinical.problems.kinds import Kind

TAB = "problems:summary"


@require_safe
@requires(Action.VIEW, Resource.NOTES)
def summary(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show the three lists on one page."""
    patient = get_patient(request.user, pk)
    record_view(patient, section="health summary")
    found = selectors.summary_of(request.user, patient, today=timezone.localdate())
    return record_page(request, patient, "problems/summary.html", {"summary": found}, tab=TAB)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.NOTES)
def new(request: SignedInRequest, pk: UUID, kind: str) -> HttpResponse:
    """Put a line on one of the lists."""
    patient = get_patient(request.user, pk)
    chosen = selectors.get_kind(kind)
    form = FORMS[kind](request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            entry = services.add_entry(
                patient, chosen, actor=request.user, at=timezone.now(), fields=form.values()
            )
        except services.EntryError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{entry} is on the list.")
            return redirect(TAB, pk=patient.pk)
    return _form_page(request, patient, chosen, form)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.NOTES)
def edit(request: SignedInRequest, kind: str, pk: UUID) -> HttpResponse:
    """Change a line, with all that it said before below."""
    chosen = selectors.get_kind(kind)
    entry = selectors.get_entry(request.user, chosen, pk)
    form = FORMS[kind](request.POST or None, entry=entry)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_entry(
                entry,
                actor=request.user,
                at=timezone.now(),
                fields=form.values(),
                seen=form.cleaned_data["seen"],
            )
        except services.EntryError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved. What it said before is kept.")
            return redirect(TAB, pk=entry.patient_id)
    return _form_page(request, entry.patient, chosen, form, entry=entry)


@require_safe
@requires(Action.VIEW, Resource.NOTES)
def problem(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Lead from the timeline to the list the problem stands on."""
    entry = selectors.get_entry(request.user, selectors.get_kind("problems"), pk)
    return redirect(TAB, pk=entry.patient_id)


@require_POST
@requires(Action.CHANGE, Resource.NOTES)
def remove(request: SignedInRequest, kind: str, pk: UUID) -> HttpResponse:
    """Mark a line as entered in error, with the way back in the message."""
    entry = selectors.get_entry(request.user, selectors.get_kind(kind), pk)
    reason = request.POST.get("reason", "")
    services.mark_as_error(entry, actor=request.user, at=timezone.now(), reason=reason)
    undo = reverse("problems:bring_back", kwargs={"kind": kind, "pk": entry.pk})
    messages.success(request, f"{entry} is marked as an error.", extra_tags=f"undo:{undo}")
    return redirect(TAB, pk=entry.patient_id)


@require_POST
@requires(Action.CHANGE, Resource.NOTES)
def bring_back(request: SignedInRequest, kind: str, pk: UUID) -> HttpResponse:
    entry = selectors.get_entry(request.user, selectors.get_kind(kind), pk)
    services.bring_back(entry, actor=request.user, at=timezone.now())
    messages.success(request, f"{entry} is back on the list.")
    return redirect(TAB, pk=entry.patient_id)


@require_POST
@requires(Action.CREATE, Resource.NOTES)
def review(request: SignedInRequest, pk: UUID, kind: str) -> HttpResponse:
    """Keep that a list was gone through today."""
    patient = get_patient(request.user, pk)
    chosen = selectors.get_kind(kind)
    services.review_list(patient, chosen, actor=request.user, at=timezone.now())
    messages.success(request, f"{chosen.label}: reviewed today by you.")
    return redirect(TAB, pk=patient.pk)


@require_POST
@requires(Action.CREATE, Resource.NOTES)
def none_known(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """State that the patient knows of no allergies, or take that back."""
    patient = get_patient(request.user, pk)
    try:
        if request.POST.get("action") == "back":
            services.withdraw_no_known_allergies(patient, actor=request.user, at=timezone.now())
            messages.success(request, "The statement is taken back.")
        else:
            services.state_no_known_allergies(patient, actor=request.user, at=timezone.now())
            messages.success(request, "No known allergies: stated today by you.")
    except services.EntryError as error:
        messages.error(request, str(error))
    return redirect(TAB, pk=patient.pk)


@require_POST
@requires(Action.CREATE, Resource.NOTES)
def find_codes(request: SignedInRequest) -> HttpResponse:
    """Offer codes while somebody types."""
    typed = request.POST.get("code_search", "")
    context = {"codes": selectors.find_codes(typed), "typed": typed.strip()}
    return render(request, "problems/_codes.html", context)


def _form_page(
    request: SignedInRequest, patient: Patient, kind: Kind, form: Any, *, entry: Any = None
) -> HttpResponse:
    context = {
        "form": form,
        "kind": kind,
        "entry": entry,
        "versions": selectors.versions_of(entry) if entry else [],
        "has_codes": kind.slug == "problems" and any(
            found.state == "in_use" for found in selectors.code_lists()
        ),
    }  # fmt: skip
    status = 422 if form.errors else 200
    return record_page(request, patient, "problems/edit.html", context, tab=TAB, status=status)
