from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from clinical.appointments.models import Appointment
from clinical.patients.history import Change, history_of
from clinical.patients.models import Patient
from clinical.practice.models import Location, Practitioner

NINE_IN_SYDNEY = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)


def _booked(patient):
    return Appointment.objects.create(
        patient=patient,
        practitioner=Practitioner.objects.create(name="Petra Pan"),
        location=Location.objects.create(name="Northside"),
        starts_at=NINE_IN_SYDNEY,
        ends_at=NINE_IN_SYDNEY + timedelta(minutes=30),
        status="did_not_attend",
    )


def test_a_change_reads_as_people_speak(in_alpha):
    patient = Patient.objects.create(given_names="Alice", family_name="Adams")
    _booked(patient)

    with timezone.override("Australia/Sydney"):
        (entry, *_) = history_of(patient)

    assert (entry.verb, entry.what) == ("added", "an appointment")
    written = {change.label: change for change in entry.changes}
    assert written["Practitioner"] == Change("Practitioner", "", "Petra Pan")
    assert written["Location"] == Change("Location", "", "Northside")
    assert written["Starts at"] == Change("Starts at", "", "23 Nov 2026, 9:00 a.m.")
    assert written["Status"] == Change("Status", "", "Did not attend")


def test_a_long_history_asks_no_more_questions_than_a_short_one(
    in_alpha, django_assert_num_queries
):
    patient = Patient.objects.create(given_names="Alice", family_name="Adams")
    for _ in range(10):
        _booked(patient)

    with django_assert_num_queries(3):
        assert len(history_of(patient)) == 11
