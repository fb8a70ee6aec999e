"""Imports after a person has made two imported records one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from clinical.appointments.models import Appointment
from clinical.patients.merging import Choice, merge_patients, unmerge_patients
from clinical.patients.models import Patient
from onboarding.imports.models import ImportLink, ImportRun
from onboarding.imports.services import import_file, undo_run
from tenants.scope import tenant_scope

DAY = (timezone.now() + timedelta(days=3)).strftime("%d/%m/%Y")
JOHN = {
    "ID_Patient": "1", "Name First": "John", "Name Last": "Smith", "DOB": "12/03/1980",
    "Mobile": "0412 345 678", "Email": "john@example.com",
}  # fmt: skip
JON = {
    "ID_Patient": "2", "Name First": "Jon", "Name Last": "Smyth", "DOB": "12/03/1980",
    "Mobile": "0412345678", "Email": "jon@example.com",
}  # fmt: skip
OTHERS = [
    {"ID_Patient": str(n), "Name First": f"Other{n}", "Name Last": "Person"} for n in range(3, 12)
]


def _visit(patient: str) -> dict:
    return {"ID_Appointment": patient, "Patient ID": patient, "Date": DAY, "Start Time": "10:00"}


@pytest.fixture
def merged(alpha, clinic_file):
    """John, into whom a person has merged Jon; both were imported."""
    import_file(alpha, clinic_file(Patients=[JOHN, JON, *OTHERS], Appointments=[_visit("3")]))
    with tenant_scope(alpha):
        owner = User.objects.create(email="o@example.com", name="Olive", role="owner")
        john = Patient.objects.get(given_names="John")
        jon = Patient.objects.get(given_names="Jon")
        return merge_patients(john, jon, actor=owner, at=timezone.now(), choice=Choice()), owner


def _points(alpha) -> set[str]:
    with tenant_scope(alpha):
        return set(
            Patient.objects.get(given_names="John").contact_points.values_list("value", flat=True)
        )


def test_the_same_file_again_changes_nothing_and_wakes_nobody(alpha, clinic_file, merged):
    before = _points(alpha)

    report = import_file(alpha, clinic_file(Patients=[JOHN, JON, *OTHERS]))

    assert report["totals"]["created"] == report["totals"]["updated"] == 0
    with tenant_scope(alpha):
        assert Patient.objects.count() == 10
        assert set(
            ImportLink.objects.filter(target_type="patient", record_id__in=[1, 2]).values_list(
                "target_id", flat=True
            )
        ) == {merged[0].winner_id}
    assert _points(alpha) == before == {"0412 345 678", "john@example.com", "jon@example.com"}


def test_what_changed_in_the_hidden_record_goes_to_the_one_that_goes_on(alpha, clinic_file, merged):
    newer = {**JON, "Email": "jon.smyth@example.com", "Name First": "Jonny"}

    import_file(
        alpha, clinic_file(Patients=[JOHN, newer, *OTHERS], Appointments=[_visit("3"), _visit("2")])
    )

    assert _points(alpha) == {"0412 345 678", "john@example.com", "jon.smyth@example.com"}
    with tenant_scope(alpha):
        assert Patient.objects.filter(given_names="John", family_name="Smith").exists()
        assert Patient.objects.count() == 10
        assert Appointment.objects.filter(patient_id=merged[0].winner_id).count() == 1


def test_the_surviving_record_keeps_following_its_own(alpha, clinic_file, merged):
    import_file(alpha, clinic_file(Patients=[{**JOHN, "Name Last": "Smithson"}, JON, *OTHERS]))
    import_file(
        alpha,
        clinic_file(
            Patients=[{**JOHN, "Name Last": "Smithson"}, {**JON, "DOB": "13/03/1980"}, *OTHERS]
        ),
    )

    with tenant_scope(alpha):
        john = Patient.objects.get(given_names="John")
    assert john.family_name == "Smithson"
    assert str(john.date_of_birth) == "1980-03-13"


def test_undoing_the_import_leaves_merged_people_and_lists_them(alpha, merged):
    with tenant_scope(alpha):
        run = ImportRun.objects.get()

    report = undo_run(alpha, run.pk)

    with tenant_scope(alpha):
        assert [str(patient) for patient in Patient.objects.all()] == ["John Smith"]
        assert Patient.everyone.get(given_names="Jon").merged_into_id == merged[0].winner_id
    kept = {entry["id"] for entry in report["kept"]}
    assert {str(merged[0].winner_id), str(merged[0].loser_id)} <= kept


def test_after_unmerging_each_record_has_its_own_again(alpha, clinic_file, merged):
    merge, owner = merged
    with tenant_scope(alpha):
        unmerge_patients(merge, actor=owner, at=timezone.now())

    import_file(alpha, clinic_file(Patients=[JOHN, {**JON, "Name First": "Jonny"}, *OTHERS]))

    with tenant_scope(alpha):
        names = set(
            Patient.objects.filter(pk__in=[merge.winner_id, merge.loser_id]).values_list(
                "given_names", flat=True
            )
        )
    assert names == {"John", "Jonny"}
