from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import PermissionDenied

from clinical.patients import services
from clinical.patients.models import ContactPoint, CoordinatorAssignment, Patient
from clinical.patients.services import AddressValue, ContactValue, Details, IdentifierValue

AT = datetime(2026, 11, 21, 3, tzinfo=UTC)
ADA = {"given_names": "Ada", "family_name": "North"}


def test_a_patient_is_added_with_all_details(in_alpha, person):
    ada = services.create_patient(
        actor=person("reception"),
        fields={**ADA, "date_of_birth": date(1980, 3, 12)},
        details=Details(
            contacts=(ContactValue("mobile", " +61 412 345 678 "),),
            addresses=(AddressValue("home", lines="1 Main St", suburb="Perth"),),
            identifiers=(IdentifierValue("medicare", "2123 45671 1"),),
        ),
    )

    point, number = ada.contact_points.get(), ada.identifiers.get()
    assert ada.number > 0
    assert (point.value, point.normalised) == ("+61 412 345 678", "0412345678")
    assert (number.normalised, number.is_valid) == ("2123456711", False)
    assert str(ada.addresses.get()) == "1 Main St, Perth"


@pytest.mark.parametrize("role", ["billing", "coordinator"])
def test_those_who_may_not_add_patients_add_none(in_alpha, person, role):
    with pytest.raises(PermissionDenied):
        services.create_patient(actor=person(role), fields=ADA)

    assert not Patient.objects.exists()


def test_a_patient_needs_a_name(in_alpha, person):
    with pytest.raises(services.NamelessPatientError):
        services.create_patient(actor=person("owner"), fields={"family_name": "  "})


def test_a_plan_does_not_end_before_it_starts(in_alpha, person):
    with pytest.raises(services.PlanEndsBeforeItStartsError):
        services.create_patient(
            actor=person("owner"),
            fields={**ADA, "plan_start": date(2026, 2, 1), "plan_end": date(2026, 1, 1)},
        )


def test_what_people_do_not_set_cannot_be_set(in_alpha, person):
    with pytest.raises(TypeError, match="is_archived, number"):
        services.create_patient(
            actor=person("owner"), fields={**ADA, "number": 7, "is_archived": True}
        )


def test_details_become_exactly_what_was_sent(in_alpha, person, patient):
    ada = patient(phone="0412345678")
    kept = ada.contact_points.get()
    gone = ContactPoint.objects.create(patient=ada, kind="email", value="old@example.com")

    services.change_patient(
        ada,
        actor=person("owner"),
        at=AT,
        fields={"alerts": "Falls"},
        details=Details(
            contacts=(
                ContactValue("mobile", "0412 000 000", id=kept.pk),
                ContactValue("email", "New@Example.com"),
            )
        ),
    )

    points = {point.pk: point.normalised for point in ada.contact_points.all()}
    assert points.pop(kept.pk) == "0412000000"
    assert list(points.values()) == ["new@example.com"]
    assert gone.pk not in points
    assert Patient.objects.get().alerts == "Falls"


def test_another_patients_row_is_never_taken_over(in_alpha, person, patient):
    theirs = patient("Bea South", phone="0412345678").contact_points.get()
    ada = patient()

    services.change_patient(
        ada,
        actor=person("owner"),
        at=AT,
        fields={},
        details=Details(contacts=(ContactValue("mobile", "0400000000", id=theirs.pk),)),
    )

    theirs.refresh_from_db()
    assert theirs.normalised == "0412345678"
    assert ada.contact_points.get().pk != theirs.pk


def test_a_change_over_somebody_elses_change_is_refused(in_alpha, person, patient):
    patient()
    first, second = Patient.objects.get(), Patient.objects.get()
    owner = person("owner")
    services.change_patient(first, actor=owner, at=AT, fields={"notes": "first"})

    with pytest.raises(services.PatientChangedError, match="changed by somebody else"):
        services.change_patient(second, actor=owner, at=AT, fields={"notes": "second"})

    assert Patient.objects.get().notes == "first"


def test_a_contact_is_added(in_alpha, person, patient):
    point = services.add_contact(
        patient(), actor=person("clinician"), contact=ContactValue("home", "02 9876 5432")
    )

    assert point.normalised == "0298765432"


def test_an_archived_patient_can_come_back(in_alpha, person, patient):
    ada, owner = patient(), person("owner")

    services.archive_patient(ada, actor=owner, at=AT)
    archived = Patient.objects.get().is_archived
    services.restore_patient(ada, actor=owner, at=AT)

    assert (archived, Patient.objects.get().is_archived) == (True, False)


def test_only_who_keeps_the_staff_assigns_coordinators(in_alpha, person, patient):
    ada, coordinator = patient(), person("coordinator")

    with pytest.raises(PermissionDenied):
        services.assign_coordinator(ada, actor=person("reception"), coordinator=coordinator)
    owner = person("owner")
    services.assign_coordinator(ada, actor=owner, coordinator=coordinator)
    services.assign_coordinator(ada, actor=owner, coordinator=coordinator)
    assigned = CoordinatorAssignment.objects.count()
    services.unassign_coordinator(ada, actor=owner, coordinator=coordinator)

    assert (assigned, CoordinatorAssignment.objects.count()) == (1, 0)
