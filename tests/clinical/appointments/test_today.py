from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import User
from clinical.appointments.models import Appointment
from clinical.appointments.today import TodaysAppointment, patients_of_today
from clinical.patients.models import CoordinatorAssignment, Patient
from clinical.practice.clock import day_span
from clinical.practice.models import Location
from tenants.scope import Actor, tenant_scope

NOW = datetime.now(UTC)


def book(patient: Patient, starts: datetime, location: Location | None = None) -> None:
    Appointment.objects.create(
        patient=patient,
        location=location,
        starts_at=starts,
        ends_at=starts + timedelta(minutes=20),
    )


def test_todays_are_those_of_the_places_own_day(in_alpha):
    owner = User.objects.create(email="owner@example.com", name="O", role="owner")
    places = {
        zone: Location.objects.create(name=zone, time_zone=zone)
        for zone in ("Pacific/Kiritimati", "Australia/Adelaide", "Pacific/Honolulu")
    }
    expected = []
    for zone, place in places.items():
        begin, end = day_span(NOW.astimezone(ZoneInfo(zone)).date(), ZoneInfo(zone))
        for moment in (begin - timedelta(minutes=1), begin, end - timedelta(minutes=1), end):
            patient = Patient.objects.create(given_names=f"{zone} {moment}")
            book(patient, moment, place)
            if begin <= moment < end:
                expected.append(patient.pk)

    found = patients_of_today(owner, now=NOW, limit=50)

    assert {patient.pk for patient in found} == set(expected)
    assert TodaysAppointment.objects.count() == len(expected)


def test_they_come_in_order_of_time_each_once_those_to_come_first(in_alpha):
    owner = User.objects.create(email="owner@example.com", name="O", role="owner")
    place = Location.objects.create(name="Here", time_zone="UTC")
    noon = NOW.replace(hour=12, minute=0)
    ada, bea, cy = (Patient.objects.create(given_names=name) for name in ("Ada", "Bea", "Cy"))
    for patient, hours in ((cy, -11), (bea, 2), (ada, 1), (bea, 3)):
        book(patient, noon + timedelta(hours=hours), place)

    assert patients_of_today(owner, now=noon, limit=8) == [ada, bea, cy]
    assert patients_of_today(owner, now=noon, limit=2) == [ada, bea]


def test_the_view_obeys_the_policies_of_whoever_asks(alpha):
    with tenant_scope(alpha):
        coordinator = User.objects.create(email="c@example.com", name="C", role="coordinator")
        mine, other = (Patient.objects.create(given_names=name) for name in ("Mine", "Other"))
        CoordinatorAssignment.objects.create(user=coordinator, patient=mine)
        for patient in (mine, other):
            book(patient, NOW)

    with tenant_scope(alpha, actor=Actor(id=str(coordinator.pk))):
        assert [visit.patient_id for visit in TodaysAppointment.objects.all()] == [mine.pk]
        with pytest.raises(OperationalError), transaction.atomic():
            connection.cursor().execute("DELETE FROM mv_todays_appointments")
