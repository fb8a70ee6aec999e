"""The recall list, one recall with what was tried, a patient's tab, and the kinds of recalls."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.consents.selectors import may_contact
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view
from clinical.recalls import selectors, services
from clinical.recalls.forms import ContactForm, FilterForm, RecallForm, TypeForm
from clinical.recalls.models import RecallType
from clinical.rights.uses import MARKETING, objection

if TYPE_CHECKING:
    from uuid import UUID

    from django.forms import BaseForm
    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest
    from clinical.recalls.models import Recall

TAB = "recalls:of_patient"
UNPROCESSABLE = 422


@require_safe
@requires(Action.VIEW, Resource.RECALLS)
def recalls(request: SignedInRequest) -> HttpResponse:
    """List who is due, the longest overdue first."""
    form = FilterForm(request.GET)
    wanted = form.asked()
    today = timezone.localdate()
    page = selectors.list_recalls(request.user, wanted, today=today)
    kept = {name: str(value) for name, value in request.GET.items() if value and name != "page"}
    url = reverse("recalls:list")
    narrowed = {name: value for name, value in kept.items() if name != "show"}
    context = {
        "form": form,
        "page": page,
        "wanted": wanted,
        "today": today,
        "is_narrowed": bool(narrowed),
        "has_types": bool(page.recalls) or selectors.types_in_use().exists(),
        "tabs": [
            {
                "label": window.label,
                "url": f"{url}?{urlencode({**narrowed, 'show': window.value})}",
                "active": window == wanted.window,
                "count": page.counts.get(window),
            }
            for window in selectors.Window
        ],
        "newer_url": _paged(url, kept, wanted.page - 1) if wanted.page > 1 else "",
        "older_url": _paged(url, kept, wanted.page + 1) if page.more else "",
    }
    return render(request, "recalls/list.html", context)


@require_safe
@requires(Action.VIEW, Resource.RECALLS)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show one recall with what was tried."""
    recall = selectors.get_recall(request.user, pk)
    record_view(recall.patient, section="recall")
    return _recall_page(request, recall)


@require_POST
@requires(Action.CHANGE, Resource.RECALLS)
def contact(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Write down a try to reach the patient."""
    recall = selectors.get_recall(request.user, pk)
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _recall_page(request, recall, form=form)
    today = timezone.localdate()
    services.log_contact(
        recall, actor=request.user, at=timezone.now(), today=today, **form.columns()
    )
    messages.success(request, f"{recall.patient.full_name}: {recall.get_state_display().lower()}.")
    if form.cleaned_data["go_on"]:
        following = selectors.next_due(request.user, after=recall, today=today)
        if following is not None:
            return redirect("recalls:detail", pk=following.pk)
        return redirect("recalls:list")
    return redirect("recalls:detail", pk=recall.pk)


@require_POST
@requires(Action.CHANGE, Resource.RECALLS)
def change(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Change when somebody is due and whom they see."""
    recall = selectors.get_recall(request.user, pk)
    form = RecallForm(request.POST, change=True)
    if not form.is_valid():
        return _recall_page(request, recall, change_form=form)
    services.change_recall(recall, actor=request.user, **form.cleaned_data)
    messages.success(request, "Saved.")
    return redirect("recalls:detail", pk=recall.pk)


@require_POST
@requires(Action.CHANGE, Resource.RECALLS)
def reopen(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Put a recall back on the list."""
    recall = selectors.get_recall(request.user, pk)
    services.reopen_recall(recall, actor=request.user)
    messages.success(request, "On the list again.")
    return redirect("recalls:detail", pk=recall.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW, Resource.RECALLS)
def of_patient(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show a patient's recalls; a post adds one."""
    patient = get_patient(request.user, pk)
    form = RecallForm(request.POST or None, initial=_wishes(request))
    if request.method == "POST" and form.is_valid():
        try:
            recall = services.add_recall(
                actor=request.user, at=timezone.now(), patient=patient, **form.cleaned_data
            )
        except services.RecallError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Due {recall.due_on:%-d %B %Y}.")
            return redirect(TAB, pk=patient.pk)
    record_view(patient, section="recalls")
    context = {
        "recalls": selectors.recalls_of(request.user, patient),
        "form": form,
        "types": list(selectors.types_in_use()),
        "today": timezone.localdate(),
    }
    return record_page(
        request, patient, "recalls/of_patient.html", context, tab=TAB, status=_status(form)
    )


@require_safe
@requires(Action.VIEW, Resource.SETTINGS)
def types(request: SignedInRequest) -> HttpResponse:
    """List the kinds of recalls."""
    return render(request, "recalls/types.html", {"types": selectors.all_types()})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def new_type(request: SignedInRequest) -> HttpResponse:
    return _type_page(request, RecallType())


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def edit_type(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _type_page(request, get_object_or_404(RecallType, pk=pk))


def _type_page(request: SignedInRequest, kind: RecallType) -> HttpResponse:
    is_new = kind._state.adding  # noqa: SLF001 - Django's documented Model API
    form = TypeForm(request.POST or None, instance=kind)
    if request.method == "POST" and form.is_valid():
        services.save_type(kind, actor=request.user, fields=form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("recalls:types")
    context = {"form": form, "kind": kind, "is_new": is_new}
    return render(request, "recalls/type.html", context, status=_status(form))


def _refused_ways(recall: Recall) -> list[tuple[str, str]]:
    """Answer how the patient must not be reached, each with why, for whoever is about to."""
    today = timezone.localdate()
    ways = (("by phone", "phone"), ("by SMS", "sms"), ("by e-mail", "email"))
    found = [(words, may_contact(recall.patient, way, today=today)) for words, way in ways]
    found.append(("for a recall", objection(recall.patient_id, MARKETING)))
    return [(words, reason) for words, reason in found if reason]


def _recall_page(
    request: SignedInRequest,
    recall: Recall,
    *,
    form: ContactForm | None = None,
    change_form: RecallForm | None = None,
) -> HttpResponse:
    held = {"due_on": recall.due_on, "practitioner": recall.practitioner, "note": recall.note}
    context = {
        "recall": recall,
        "patient": recall.patient,
        "points": recall.patient.points_in_order(),
        "contacts": selectors.contacts_of(recall),
        "refused": _refused_ways(recall),
        "form": form or ContactForm(),
        "change_form": change_form or RecallForm(initial=held, change=True),
        "book_url": book_url(recall),
        "today": timezone.localdate(),
    }
    return render(request, "recalls/detail.html", context, status=_status(form or change_form))


def book_url(recall: Recall) -> str:
    """Answer the way into the diary's booking with what the recall knows."""
    asked = {
        "patient": recall.patient_id,
        "practitioner": recall.practitioner_id,
        "appointment_type": recall.kind.appointment_type_id,
        "location": recall.patient.location_id,
    }
    query = urlencode({name: str(value) for name, value in asked.items() if value})
    return f"{reverse('appointments:new')}?{query}"


def _wishes(request: SignedInRequest) -> dict[str, object]:
    """Offer the first kind in use, due when it says."""
    kind = selectors.types_in_use().first()
    if kind is None:
        if request.method == "POST":
            raise Http404
        return {}
    return {"kind": kind.pk, "due_on": services.months_after(timezone.localdate(), kind.months)}


def _paged(url: str, kept: dict[str, str], page: int) -> str:
    return f"{url}?{urlencode({**kept, 'page': page})}"


def _status(form: BaseForm | None) -> int:
    return UNPROCESSABLE if form is not None and form.is_bound and form.errors else 200
