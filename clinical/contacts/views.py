"""The address book, and the people around a patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.contacts import selectors, services
from clinical.contacts.forms import ContactForm, PersonForm
from clinical.contacts.models import Contact
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient

if TYPE_CHECKING:
    from django.http import HttpResponse

    from clinical.contacts.models import PatientContact
    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest

LONGEST_SEARCH = 200


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW, Resource.CONTACTS)
def contact_list(request: SignedInRequest) -> HttpResponse:
    """List all by name (GET, in pages), or find by what was typed (POST)."""
    asked = request.POST if request.method == "POST" else request.GET
    typed = (
        asked.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
        if request.method == "POST"
        else ""
    )
    kind = asked.get("kind", "")
    kind = kind if kind in Contact.Kind else ""
    with_archived = bool(asked.get("archived"))
    page = selectors.list_contacts(
        typed, kind=kind, with_archived=with_archived, after=_edge(request)
    )
    query = {"kind": kind, "archived": "1" if with_archived else "", "after": str(page.after)}
    query = {name: value for name, value in query.items() if value}
    context = {
        "page": page,
        "typed": typed,
        "kind": kind,
        "kinds": Contact.Kind.choices,
        "with_archived": with_archived,
        "is_narrowed": bool(typed or kind or with_archived),
        "next_url": reverse("contacts:list", query=query) if page.after and not typed else "",
    }
    is_part = request.headers.get("HX-Target") == "contact-results"
    return render(request, "contacts/_results.html" if is_part else "contacts/list.html", context)


@require_POST
@requires(Action.VIEW, Resource.CONTACTS)
def choices(request: SignedInRequest) -> HttpResponse:
    """Offer entries for a form that names one; what is chosen stays chosen."""
    typed = request.POST.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    page = selectors.list_contacts(typed, size=selectors.OFFERED)
    pk = _id(request.POST.get("contact", ""))
    chosen = Contact.objects.filter(pk=pk).first() if pk else None
    kept = [chosen] if chosen and chosen not in page.contacts else []
    context = {"offered": page.contacts, "shown": [*kept, *page.contacts], "chosen": chosen}
    return render(request, "contacts/_choices.html", {**context, "typed": typed})


@require_safe
@requires(Action.VIEW, Resource.CONTACTS)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    contact = selectors.get_contact(request.user, pk)
    context = {
        "contact": contact,
        "extra": sorted(contact.extra.items()),
        "patients": selectors.patients_of(request.user, contact),
    }
    return render(request, "contacts/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.CONTACTS)
def new(request: SignedInRequest) -> HttpResponse:
    form = ContactForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            contact = services.add_contact(actor=request.user, fields=form.columns())
        except services.ContactError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{contact.full_name} is in the address book.")
            return redirect("contacts:detail", pk=contact.pk)
    return _contact_form(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.CONTACTS)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    contact = selectors.get_contact(request.user, pk)
    form = ContactForm(request.POST or None, instance=selectors.get_contact(request.user, pk))
    if request.method == "POST" and form.is_valid():
        try:
            services.change_contact(
                contact,
                actor=request.user,
                at=timezone.now(),
                seen=form.seen_at(),
                fields=form.columns(),
            )
        except services.ContactError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("contacts:detail", pk=contact.pk)
    return _contact_form(request, form, contact)


@require_POST
@requires(Action.CHANGE, Resource.CONTACTS)
def archive(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take the entry out of the lists, or bring it back."""
    contact = selectors.get_contact(request.user, pk)
    verb = services.archive_contact if contact.is_active else services.restore_contact
    verb(contact, actor=request.user, at=timezone.now())
    done = "back in the address book" if contact.is_active else "archived"
    messages.success(request, f"{contact.full_name} is {done}.")
    return redirect("contacts:detail", pk=contact.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.CONTACTS)
def new_person(request: SignedInRequest, pk: UUID) -> HttpResponse:
    patient = get_patient(request.user, pk)
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.add_person(patient, actor=request.user, fields=form.columns())
        except services.ContactError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Added.")
            return redirect("patients:detail", pk=patient.pk)
    return _person_form(request, patient, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.CONTACTS)
def edit_person(request: SignedInRequest, pk: UUID) -> HttpResponse:
    person = selectors.get_person(request.user, pk)
    form = PersonForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_person(person, actor=request.user, fields=form.columns())
        except services.ContactError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("patients:detail", pk=person.patient_id)
    return _person_form(request, person.patient, form, person)


@require_POST
@requires(Action.CHANGE, Resource.CONTACTS)
def remove_person(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take somebody away from a patient; htmx gets the list anew with a way back."""
    person = selectors.get_person(request.user, pk)
    name, patient = person.shown_name, person.patient
    token = services.remove_person(person, actor=request.user)
    if request.headers.get("HX-Request"):
        return _people(request, patient, {"removed": name, "undo_token": token})
    messages.success(request, f"{name} is removed.")
    return redirect("patients:detail", pk=patient.pk)


@require_POST
@requires(Action.CHANGE, Resource.CONTACTS)
def undo(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Bring back who was removed."""
    patient = get_patient(request.user, pk)
    problem = ""
    try:
        services.bring_person_back(
            patient, actor=request.user, token=request.POST.get("undo_token", "")
        )
    except services.ContactError as error:
        problem = str(error)
    return _people(request, patient, {"problem": problem})


def _people(request: SignedInRequest, patient: Patient, context: dict[str, Any]) -> HttpResponse:
    people = selectors.people_around(request.user, patient)
    context = {"patient": patient, "people": people, **context}
    return render(request, "contacts/_people.html", context)


def _contact_form(
    request: SignedInRequest, form: ContactForm, contact: Contact | None
) -> HttpResponse:
    status = 422 if form.errors else 200
    context = {"form": form, "contact": contact}
    return render(request, "contacts/edit.html", context, status=status)


def _person_form(
    request: SignedInRequest, patient: Patient, form: PersonForm, person: PatientContact | None
) -> HttpResponse:
    chosen = form.chosen()
    context = {
        "form": form,
        "person": person,
        "chosen": chosen,
        "offered": [chosen] if chosen else [],
    }
    page = "contacts/edit_person.html"
    status = 422 if form.errors else 200
    return record_page(request, patient, page, context, tab="patients:detail", status=status)


def _edge(request: SignedInRequest) -> UUID | None:
    return _id(request.GET.get("after", ""))


def _id(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None
