"""Changing the address book and the people around a patient."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from clinical.contacts import services
from clinical.contacts.models import Contact, PatientContact

pytestmark = pytest.mark.django_db(databases=["default"])

NOW = timezone.now()


@pytest.fixture
def reception(in_alpha, person):
    return person("reception")


def test_a_contact_needs_something_to_be_called_by(reception):
    with pytest.raises(services.NamelessContactError):
        services.add_contact(actor=reception, fields={"phone": "1", "name": " "})


def test_the_second_of_two_changes_is_refused(reception):
    contact = services.add_contact(actor=reception, fields={"name": "Dr Vale"})
    seen = contact.changed_at

    services.change_contact(
        contact, actor=reception, at=NOW, seen=seen, fields={"name": "Dr Vale", "phone": "1"}
    )
    with pytest.raises(services.ContactChangedError, match="somebody else"):
        services.change_contact(
            contact, actor=reception, at=NOW, seen=seen - timedelta(1), fields={"name": "Dr Hill"}
        )

    assert Contact.objects.get().phone == "1"


def test_a_person_is_removed_and_brought_back_as_they_were(reception, patient):
    ada, book = patient(), services.add_contact(actor=reception, fields={"name": "Dr Vale"})
    fields = {"contact": book, "kind": "gp", "notes": "Fridays only"}
    before = services.add_person(ada, actor=reception, fields=fields)

    token = services.remove_person(before, actor=reception)
    assert not PatientContact.objects.exists()
    services.bring_person_back(ada, actor=reception, token=token)
    services.bring_person_back(ada, actor=reception, token=token)

    back = PatientContact.objects.get()
    assert (back.contact, back.kind, back.notes) == (book, "gp", "Fridays only")


def test_a_token_works_for_its_patient_only(reception, patient):
    ada, bo = patient(), patient("Bo Low")
    added = services.add_person(ada, actor=reception, fields={"name": "Sis"})
    token = services.remove_person(added, actor=reception)

    for wrong in (token, token + "x", ""):
        with pytest.raises(services.UndoTooLateError):
            services.bring_person_back(bo, actor=reception, token=wrong)
    assert not PatientContact.objects.exists()


def test_billing_changes_nothing(in_alpha, person, patient):
    with pytest.raises(PermissionDenied):
        services.add_contact(actor=person("billing"), fields={"name": "Dr Vale"})
    with pytest.raises(PermissionDenied):
        services.add_person(patient(), actor=person("coordinator"), fields={"name": "Sis"})
