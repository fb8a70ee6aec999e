"""The address book's pages, and the people on a patient's overview."""

from __future__ import annotations

import re

import pytest

from clinical.contacts.models import Contact, PatientContact
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])


@pytest.fixture
def ada(alpha, patient):
    with tenant_scope(alpha):
        return patient("Ada North")


def test_a_contact_is_added_found_changed_and_archived(alpha, sign_in):
    reception = sign_in(alpha, "reception")

    added = reception.post(
        "/contacts/new/", {"family_name": "Vale", "title": "Dr", "kind": "gp", "phone": "5550 0111"}
    )
    page = reception.get(added.headers["Location"])
    contact = page.context["contact"]
    seen = contact.changed_at.isoformat()
    changed = reception.post(
        f"/contacts/{contact.pk}/edit/",
        {"family_name": "Vale", "organisation": "Harbour", "kind": "gp", "seen": seen},
    )
    found = reception.post("/contacts/", {"q": "harb"}, headers={"hx-target": "contact-results"})
    reception.post(f"/contacts/{contact.pk}/archive/")
    reception.get("/contacts/")  # says once what was done

    assert (page.status_code, changed.status_code) == (200, 302)
    assert "Vale" in found.text
    assert "<html" not in found.text
    assert "Vale" not in reception.get("/contacts/").text


def test_a_stale_form_is_refused_and_what_was_typed_is_still_there(alpha, sign_in):
    with tenant_scope(alpha):
        contact = Contact.objects.create(name="Dr Vale")

    answer = sign_in(alpha, "reception").post(
        f"/contacts/{contact.pk}/edit/",
        {"name": "Dr Valley", "kind": "gp", "seen": "2020-01-01T00:00:00+00:00"},
    )

    assert answer.status_code == 422
    assert "somebody else" in answer.text
    assert "Dr Valley" in answer.text


def test_somebody_is_put_beside_a_patient_removed_and_brought_back(alpha, sign_in, ada):
    with tenant_scope(alpha):
        contact = Contact.objects.create(name="Dr Vale", organisation="Harbour", phone="5550 0111")
    reception = sign_in(alpha, "reception")

    offered = reception.post("/contacts/choices/", {"q": "vale"})
    reception.post(f"/patients/{ada.pk}/people/new/", {"kind": "gp", "contact": str(contact.pk)})
    overview = reception.get(f"/patients/{ada.pk}/").text
    with tenant_scope(alpha):
        person = PatientContact.objects.get()
    removed = reception.post(f"/people/{person.pk}/remove/", headers={"hx-request": "true"}).text
    token = re.search(r'name="undo_token" value="([^"]+)"', removed).group(1)
    back = reception.post(f"/patients/{ada.pk}/people/undo/", {"undo_token": token}).text

    assert str(contact.pk) in offered.text
    assert "Dr Vale" in overview
    assert "5550 0111" in overview
    assert "Dr Vale is removed." in removed
    assert "Harbour" in back
    with tenant_scope(alpha):
        assert PatientContact.objects.get().pk == person.pk


def test_a_person_without_a_name_is_refused(alpha, sign_in, ada):
    answer = sign_in(alpha, "reception").post(f"/patients/{ada.pk}/people/new/", {"kind": "carer"})

    assert answer.status_code == 422
    assert "Give a name" in answer.text


def test_a_coordinator_sees_no_contacts(alpha, sign_in, ada):
    from accounts.models import User
    from clinical.patients.models import CoordinatorAssignment

    coordinator = sign_in(alpha, "coordinator")
    with tenant_scope(alpha):
        user = User.objects.get(pk=coordinator.person.pk)
        CoordinatorAssignment.objects.create(user=user, patient=ada)
        PatientContact.objects.create(patient=ada, name="Sister Sue", kind="emergency")

    assert "Sister Sue" not in coordinator.get(f"/patients/{ada.pk}/").text
    assert coordinator.get("/contacts/").status_code == 403
