"""The pages about patients. Names never stand in an address: what is searched for is posted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.appointments.selectors import appointments_of
from clinical.contacts.selectors import people_around
from clinical.patients import selectors, services
from clinical.patients.former import search_former_fields
from clinical.patients.forms import FilterForm, PatientForms
from clinical.patients.history import history_of
from clinical.patients.pages import record_page
from clinical.patients.search import MAX_RESULTS
from clinical.patients.timeline import Edge, timeline_of
from clinical.practice.clock import day_span
from clinical.practice.models import Location

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict

    from clinical.patients.former import FormerHit
    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest

IN_BOX = 8


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW, Resource.PATIENTS)
def patient_list(request: SignedInRequest) -> HttpResponse:
    """List all by name (GET, in pages), or find by what was typed (POST)."""
    form = FilterForm(_asked(request), locations=list(Location.objects.all()))
    wanted = form.wanted()
    typed = form.cleaned_data.get("q") or ""
    context: dict[str, Any] = {"form": form, "typed": typed, "narrowed": _narrowed(request)}
    if request.method == "POST" and typed:
        found = selectors.search_patients(request.user, typed, wanted, today=timezone.localdate())
        context |= {
            "fitting": [hit.patient for hit in found if not hit.is_similar],
            "similar": [hit.patient for hit in found if hit.is_similar],
            "most": MAX_RESULTS,
            "former": _in_former_fields(request, form),
        }
    else:
        page = selectors.list_patients(
            request.user, wanted, after=_id(request, "after"), before=_id(request, "before")
        )
        context |= {"page": page, **_page_urls(form, page)}
    is_part = request.headers.get("HX-Target") == "patient-results"
    return render(request, "patients/_results.html" if is_part else "patients/list.html", context)


@require_POST
@requires(Action.VIEW, Resource.PATIENTS)
def find(request: SignedInRequest) -> HttpResponse:
    """Answer the search box of the top bar; before anything is typed, today's and the recent."""
    typed = request.POST.get("q", "").strip()[:200]
    if not typed:
        start, end = day_span(timezone.localdate(), timezone.get_current_timezone())
        groups = [
            ("Today", selectors.seen_between(request.user, start, end)),
            ("Recent", selectors.recently_viewed(request.user)),
        ]
    else:
        found = selectors.search_patients(
            request.user, typed, selectors.PatientFilter(), today=timezone.localdate()
        )
        fitting = [hit.patient for hit in found if not hit.is_similar]
        similar = [hit.patient for hit in found if hit.is_similar]
        groups = [("", fitting[:IN_BOX]), ("Similar names", similar[: IN_BOX - len(fitting)])]
    groups = [(label, patients) for label, patients in groups if patients]
    total = len(found) if typed else 0
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
        "visits": appointments_of(request.user, patient, now=timezone.now()),
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
    verb = services.restore_patient if patient.is_archived else services.archive_patient
    verb(patient, actor=request.user, at=timezone.now())
    done = "archived" if patient.is_archived else "back in the lists"
    messages.success(request, f"{patient.full_name} is {done}.")
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


def _asked(request: SignedInRequest) -> QueryDict:
    return request.POST if request.method == "POST" else request.GET


def _in_former_fields(request: SignedInRequest, form: FilterForm) -> list[FormerHit]:
    """Answer what else the old system's fields say, where that was asked for."""
    if not form.cleaned_data.get("former"):
        return []
    typed, archived = form.cleaned_data["q"], bool(form.cleaned_data.get("archived"))
    return search_former_fields(request.user, typed, with_archived=archived)


def _narrowed(request: SignedInRequest) -> bool:
    return any(_asked(request).get(name) for name in ("location", "funding", "archived"))


def _id(request: SignedInRequest, name: str) -> UUID | None:
    try:
        return UUID(request.GET.get(name, ""))
    except ValueError:
        return None


def _page_urls(form: FilterForm, page: selectors.PatientPage) -> dict[str, str]:
    kept = {name: form.data.get(name) for name in ("location", "funding", "archived")}
    urls = {}
    for name, edge in (("before", page.before), ("after", page.after)):
        query = {key: value for key, value in {**kept, name: edge}.items() if value}
        urls[f"{name}_url"] = f"{reverse('patients:list', query=query)}" if edge else ""
    return urls
