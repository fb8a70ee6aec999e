from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from clinical.appointments.demo import PATIENTS, fill_demo_clinic
from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from clinical.practice.models import Location, Practitioner
from tenants.scope import tenant_scope

NOON = datetime(2026, 11, 21, 1, tzinfo=UTC)


def test_an_empty_clinic_is_filled_around_today_and_only_once(alpha, beta):
    booked = fill_demo_clinic(beta, now=NOON)
    again = fill_demo_clinic(beta, now=NOON)

    with tenant_scope(beta):
        counts = (Patient.objects.count(), Appointment.objects.count(), Location.objects.count())
        assert counts == (PATIENTS, booked, 2)
        sydney = ZoneInfo("Australia/Sydney")
        days = {visit.starts_at.astimezone(sydney).date() for visit in Appointment.objects.all()}
        assert NOON.astimezone(sydney).date() in days
        assert Practitioner.objects.count() == 4
    assert again == 0
    with tenant_scope(alpha):
        assert not Patient.objects.exists()


def test_the_demos_people_find_their_own(alpha, person):
    with tenant_scope(alpha):
        clinician, coordinator = person("clinician", name="Kasimir Poole"), person("coordinator")

    fill_demo_clinic(alpha, now=NOON)

    with tenant_scope(alpha):
        assert Practitioner.objects.get(user=clinician).name == "Kasimir Poole"
        assert coordinator.assigned_patients.count() == 5


def test_a_clinic_with_patients_is_left_alone(alpha):
    with tenant_scope(alpha):
        Patient.objects.create(given_names="Ada")

    assert fill_demo_clinic(alpha, now=NOON) == 0
