"""The pages about patients. Names never stand in an address: what is searched for is posted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.appointments.selectors import appointments_of, visits_in_short
from clinical.appointments.today import patients_of_today
from clinical.contacts.selectors import people_around
from clinical.patients import selectors, services
from clinical.patients.forms import PatientForms
from clinical.patients.history import history_of
from clinical.patients.pages import record_page
from clinical.patients.timeline import Edge, timeline_of

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest

IN_BOX = 8


@require_POST
@requires(Action.VIEW, Resource.PATIENTS)
def find(request: SignedInRequest) -> HttpResponse:
    """Answer the search box of the top bar; before anything is typed, today's and the recent."""
    typed, total = request.POST.get("q", "").strip()[:200], 0
    if not typed:
        groups = [
            ("Today", patients_of_today(request.user, now=timezone.now(), limit=IN_BOX)),
            ("Recent", selectors.recently_viewed(request.user)),
        ]
    else:
        found, total = selectors.search_in_short(
            request.user, typed, today=timezone.localdate(), most=IN_BOX
        )
        groups = [
            ("", [hit.patient for hit in found if not hit.is_similar]),
            ("Similar names", [hit.patient for hit in found if hit.is_similar]),
        ]
    groups = [(label, patients) for label, patients in groups if patients]
    context = {"groups": groups, "typed": typed, "total": total, "most": IN_BOX}
    return render(request, "patients/_find.html", context)


@require_safe
@requires(Action.VIEW, Resource.PATIENTS)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    patient = selectors.get_patient(request.user, pk)
    services.record_view(patient)
    context = {
        "contacts": patient.points_in_order(),
        "addresses": patient.addresses.all(),
        "people": people_around(request.user, patient),
        "visits": visits_in_short(request.user, patient, now=timezone.now()),
        "seen_by": patient.coordinator_assignments.select_related("user"),
    }
    return _page(request, patient, "overview", context)


@require_safe
@requires(Action.VIEW, Resource.PATIENTS)
def appointments(request: SignedInRequest, pk: UUID) -> HttpResponse:
    patient = selectors.get_patient(request.user, pk)
    services.record_view(patient, section="appointments")
    visits = appointments_of(request.user, patient, now=timezone.now())
    return _page(request, patient, "appointments", {"visits": visits})


@require_safe
@requires(Action.VIEW, Resource.PATIENTS)
def timeline(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show all that is known of the patient in the order in which it came."""
    patient = selectors.get_patient(request.user, pk)
    only, before = request.GET.get("only", ""), Edge.read(request.GET.get("before", ""))
    services.record_view(patient, section="timeline")
    page = timeline_of(request.user, patient, only=only, before=before)
    only = only if only in {source.key for source in page.sources} else ""
    url = reverse("patients:timeline", kwargs={"pk": patient.pk})
    shown = f"{url}?only={only}" if only else url
    joint = "&" if only else "?"
    context = {
        "page": page,
        "only": only,
        "self_url": url,
        "newest_url": shown if before else "",
        "older_url": f"{shown}{joint}before={page.older}" if page.older else "",
    }
    return _page(request, patient, "timeline", context)


@require_safe
@requires(Action.VIEW, Resource.PATIENTS)
def former_system(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show what the old system had in fields that have no place here."""
    patient = selectors.get_patient(request.user, pk)
    services.record_view(patient, section="former-system")
    return _page(request, patient, "former_system", {"extra": sorted(patient.extra.items())})


@require_safe
@requires(Action.VIEW, Resource.AUDIT)
def history(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show who looked and who changed what."""
    patient = selectors.get_patient(request.user, pk)
    only = request.GET.get("only", "")
    services.record_view(patient, section="history")
    context = {"entries": history_of(patient, only=only), "only": only}
    return _page(request, patient, "history", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.PATIENTS)
def new(request: SignedInRequest) -> HttpResponse:
    forms = PatientForms(request.POST or None)
    duplicates: list[Patient] = []
    if request.method == "POST" and forms.is_valid():
        duplicates = _duplicates(request, forms)
        if not duplicates or request.POST.get("is_another_person"):
            try:
                patient = services.create_patient(
                    actor=request.user, fields=forms.fields(), details=forms.details()
                )
            except services.PatientError as error:
                forms.main.add_error(None, str(error))
            else:
                messages.success(request, f"{patient.full_name} is added.")
                return redirect("patients:detail", pk=patient.pk)
    return _form_page(request, forms, duplicates=duplicates)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.PATIENTS)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    patient = selectors.get_patient(request.user, pk)
    forms = PatientForms(request.POST or None, patient=patient)
    if request.method == "POST" and forms.is_valid():
        try:
            services.as_read_at(patient, forms.main.cleaned_data["seen"])
            services.change_patient(
                patient,
                actor=request.user,
                at=timezone.now(),
                fields=forms.fields(),
                details=forms.details(),
            )
        except services.PatientError as error:
            forms.main.add_error(None, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("patients:detail", pk=patient.pk)
    return _form_page(request, forms)


@require_POST
@requires(Action.CHANGE, Resource.PATIENTS)
def archive(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take the patient out of the lists, or bring them back."""
    patient = selectors.get_patient(request.user, pk)
    now = timezone.now()
    if patient.is_archived:
        services.restore_patient(patient, actor=request.user, at=now)
        messages.success(request, f"{patient.full_name} is back in the lists.")
    else:
        reason = request.POST.get("reason", "")[:200]
        services.archive_patient(patient, actor=request.user, at=now, reason=reason)
        messages.success(request, f"{patient.full_name} is archived. “Bring back” undoes it.")
    return redirect("patients:detail", pk=patient.pk)


def _page(
    request: SignedInRequest, patient: Patient, section: str, context: dict[str, Any]
) -> HttpResponse:
    url_name = "patients:detail" if section == "overview" else f"patients:{section}"
    return record_page(request, patient, f"patients/{section}.html", context, tab=url_name)


def _form_page(
    request: SignedInRequest, forms: PatientForms, *, duplicates: list[Patient] | None = None
) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    context = {"forms": forms, "patient": forms.patient, "duplicates": duplicates or []}
    return render(request, "patients/edit.html", context, status=status)


def _duplicates(request: SignedInRequest, forms: PatientForms) -> list[Patient]:
    fields, details = forms.fields(), forms.details()
    return selectors.possible_duplicates(
        request.user,
        name=f"{fields['given_names']} {fields['family_name']}",
        born=fields["date_of_birth"],
        phones=[contact.value for contact in details.contacts if contact.kind != "email"],
        today=timezone.localdate(),
    )
