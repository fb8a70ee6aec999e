"""Consents and preferences of a patient, and the clinic's list of consents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.consents import selectors, services
from clinical.consents.forms import AnswerForm, KindForm, PreferenceForm
from clinical.consents.models import ConsentKind
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest

TAB = "consents:list"


@require_safe
@requires(Action.VIEW, Resource.PATIENTS)
def consent_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show what holds, how the patient wants to be reached, and all that was ever said."""
    patient = get_patient(request.user, pk)
    record_view(patient, section="consents")
    return _page(request, patient)


@require_POST
@requires(Action.CHANGE, Resource.PATIENTS)
def record(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Keep an answer."""
    patient = get_patient(request.user, pk)
    form = AnswerForm(request.POST, patient=patient)
    if not form.is_valid():
        return _page(request, patient, answer=form)
    try:
        services.record_answer(
            patient, actor=request.user, today=timezone.localdate(), **form.cleaned_data
        )
    except services.ConsentError as error:
        form.add_error(None, str(error))
        return _page(request, patient, answer=form)
    messages.success(request, "Recorded.")
    return redirect("consents:list", pk=patient.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.PATIENTS)
def preferences(request: SignedInRequest, pk: UUID) -> HttpResponse:
    patient = get_patient(request.user, pk)
    form = PreferenceForm(request.POST or None, instance=selectors.preference_of(patient))
    if request.method == "POST" and form.is_valid():
        services.set_preferences(patient, actor=request.user, fields=form.columns())
        messages.success(request, "Saved.")
        return redirect("consents:list", pk=patient.pk)
    status = 422 if request.method == "POST" else 200
    context = {"form": form}
    return record_page(
        request, patient, "consents/preferences.html", context, tab=TAB, status=status
    )


@require_safe
@requires(Action.CHANGE, Resource.SETTINGS)
def kinds(request: SignedInRequest) -> HttpResponse:
    """List what the clinic asks consent for."""
    context = {"kinds": list(ConsentKind.objects.all())}
    return render(request, "consents/kinds.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def new_kind(request: SignedInRequest) -> HttpResponse:
    return _kind_page(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def edit_kind(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _kind_page(request, selectors.get_kind(request.user, pk))


def _kind_page(request: SignedInRequest, kind: ConsentKind | None) -> HttpResponse:
    form = KindForm(request.POST or None, instance=kind)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_kind(kind, actor=request.user, fields=form.columns())
        except services.ConsentError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("consents:kinds")
    status = 422 if request.method == "POST" else 200
    return render(request, "consents/edit_kind.html", {"form": form, "kind": kind}, status=status)


def _page(
    request: SignedInRequest, patient: Patient, *, answer: AnswerForm | None = None
) -> HttpResponse:
    context = {
        "stands": selectors.stands_of(request.user, patient, timezone.localdate()),
        "history": selectors.history_of(request.user, patient),
        "preference": selectors.preference_of(patient),
        "form": answer or AnswerForm(patient=patient),
    }
    status = 200 if answer is None else 422
    return record_page(request, patient, "consents/list.html", context, tab=TAB, status=status)
