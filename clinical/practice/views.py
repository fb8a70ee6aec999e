"""Settings → Practice: locations, clinicians, appointment types, funding types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.practice import forms, services
from clinical.practice.models import Location, Practitioner

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest


@dataclass(frozen=True)
class Kind:
    """One of the lists: how it is called, its form, what its table shows besides the name."""

    slug: str
    label: str
    one: str
    icon: str
    form: type[forms.EntryForm]
    columns: tuple[tuple[str, str], ...]
    purpose: str

    @property
    def model(self) -> Any:
        return self.form._meta.model


KINDS = {
    kind.slug: kind
    for kind in (
        Kind(
            "locations",
            "Locations",
            "location",
            "building",
            forms.LocationForm,
            (("short_name", "Short name"), ("phone", "Phone"), ("address", "Address")),
            "Places where you see patients. The diary has a tab for each.",
        ),
        Kind(
            "clinicians",
            "Clinicians",
            "clinician",
            "stethoscope",
            forms.PractitionerForm,
            (("discipline", "Discipline"), ("user", "Account")),
            "Who sees patients. The diary has a column for each.",
        ),
        Kind(
            "appointment-types",
            "Appointment types",
            "appointment type",
            "calendar-time",
            forms.AppointmentTypeForm,
            (
                ("duration_minutes", "Minutes"),
                ("get_setting_display", "Where"),
                ("max_attendees", "Most attendees"),
            ),
            "Kinds of visits, how long they take, how many come, and their colour in the diary.",
        ),
        Kind(
            "funding-types",
            "Funding types",
            "funding type",
            "wallet",
            forms.FundingTypeForm,
            (),
            "Who pays for visits: NDIS, Medicare, DVA, private and so on.",
        ),
    )
}


def kind_of(slug: str) -> Kind:
    if slug not in KINDS:
        raise Http404
    return KINDS[slug]


@require_safe
@requires(Action.VIEW, Resource.SETTINGS)
def index(_request: SignedInRequest) -> HttpResponse:
    return redirect("practice:list", kind="locations")


@require_safe
@requires(Action.VIEW, Resource.SETTINGS)
def entries(request: SignedInRequest, kind: str) -> HttpResponse:
    """List the entries of a kind, those in use first."""
    shown = kind_of(kind)
    found = shown.model.objects.order_by("-is_active", "name", "id")
    if shown.model is Practitioner:
        found = found.select_related("user")
    rows = [
        {"entry": entry, "cells": [_shown(entry, name) for name, _ in shown.columns]}
        for entry in found
    ]
    return render(
        request, "practice/list.html", {"kind": shown, "rows": rows, "tabs": _tabs(shown)}
    )


def _shown(entry: Any, name: str) -> Any:
    found = getattr(entry, name)
    return found() if callable(found) else found


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.SETTINGS)
def new(request: SignedInRequest, kind: str) -> HttpResponse:
    return _edit(request, kind_of(kind), entry=None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def edit(request: SignedInRequest, kind: str, pk: UUID) -> HttpResponse:
    shown = kind_of(kind)
    return _edit(request, shown, entry=get_object_or_404(shown.model, pk=pk))


def _kept(rows: Any, owner_id: str) -> list[Any]:
    """Answer the rows of a week that stay: filled in now or kept before, and not taken out."""
    return [
        row.instance
        for row in rows.forms
        if row not in rows.deleted_forms
        and (row.has_changed() or getattr(row.instance, owner_id))
        and row.cleaned_data
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def hours(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show a clinician's week and take the changed one."""
    practitioner = get_object_or_404(Practitioner, pk=pk)
    rows = forms.HoursFormSet(request.POST or None, instance=practitioner, prefix="hours")
    edit_url = reverse("practice:edit", kwargs={"kind": "clinicians", "pk": pk})
    if request.method == "POST" and rows.is_valid():
        services.set_hours(practitioner, _kept(rows, "practitioner_id"), actor=request.user)
        messages.success(request, f"The hours of {practitioner} are saved.")
        return redirect(edit_url)
    status = 422 if request.method == "POST" else 200
    context = {"practitioner": practitioner, "rows": rows, "edit_url": edit_url}
    return render(request, "practice/hours.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def openings(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show the week of a location and take the changed one."""
    location = get_object_or_404(Location, pk=pk)
    rows = forms.OpeningFormSet(request.POST or None, instance=location, prefix="hours")
    edit_url = reverse("practice:edit", kwargs={"kind": "locations", "pk": pk})
    if request.method == "POST" and rows.is_valid():
        services.set_openings(location, _kept(rows, "location_id"), actor=request.user)
        messages.success(request, f"The hours of {location} are saved.")
        return redirect("practice:list", kind="locations")
    status = 422 if request.method == "POST" else 200
    context = {"location": location, "rows": rows, "edit_url": edit_url}
    return render(request, "practice/openings.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.SETTINGS)
def former(request: SignedInRequest) -> HttpResponse:
    """Take the names of clinicians who have left, so that history can name them."""
    form = forms.FormerStaffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        added = services.add_former_staff(form.cleaned_data["names"], actor=request.user)
        messages.success(request, f"{added} added. They stand in the history, not in the diary.")
        return redirect("practice:list", kind="clinicians")
    context = {"form": form, "list_url": reverse("practice:list", kwargs={"kind": "clinicians"})}
    return render(request, "practice/former.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def provider_numbers(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show a clinician's provider numbers and take the changed ones."""
    practitioner = get_object_or_404(Practitioner, pk=pk)
    rows = forms.ProviderNumberFormSet(request.POST or None, instance=practitioner, prefix="number")
    edit_url = reverse("practice:edit", kwargs={"kind": "clinicians", "pk": pk})
    if request.method == "POST" and rows.is_valid():
        kept = [
            row.instance
            for row in rows.forms
            if row not in rows.deleted_forms and row.cleaned_data.get("number")
        ]
        services.set_provider_numbers(practitioner, kept, actor=request.user)
        messages.success(request, f"The provider numbers of {practitioner} are saved.")
        return redirect(edit_url)
    status = 422 if request.method == "POST" else 200
    context = {"practitioner": practitioner, "rows": rows, "edit_url": edit_url}
    return render(request, "practice/provider_numbers.html", context, status=status)


def _edit(request: SignedInRequest, kind: Kind, *, entry: Any) -> HttpResponse:
    form = kind.form(request.POST or None, instance=entry)
    if request.method == "POST" and form.is_valid():
        save = services.change_entry if entry else services.add_entry
        try:
            saved = save(form.instance, actor=request.user)  # type: ignore[type-var]
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{saved} is saved.")
            return redirect("practice:list", kind=kind.slug)
    status = 422 if form.errors else 200
    title = entry.name if entry else f"New {kind.one}"
    context = {
        "kind": kind,
        "form": form,
        "title": title,
        "list_url": reverse("practice:list", kwargs={"kind": kind.slug}),
        "hours_url": _hours_url(entry),
        "numbers_url": (
            reverse("practice:provider_numbers", kwargs={"pk": entry.pk})
            if isinstance(entry, Practitioner)
            else ""
        ),
    }
    return render(request, "practice/edit.html", context, status=status)


def _hours_url(entry: Any) -> str:
    pages = {Practitioner: "practice:hours", Location: "practice:openings"}
    name = pages.get(type(entry))
    return reverse(name, kwargs={"pk": entry.pk}) if name else ""


def _tabs(active: Kind) -> list[dict[str, Any]]:
    return [
        {
            "label": kind.label,
            "icon": kind.icon,
            "url": reverse("practice:list", kwargs={"kind": kind.slug}),
            "active": kind is active,
            "count": None,
        }
        for kind in KINDS.values()
    ]
