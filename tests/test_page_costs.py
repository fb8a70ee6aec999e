"""What a page may ask of the database: never more than forty questions, and no more for a full day.

The pages are found in the URLconf; those of one thing are opened with the things made below.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver

from clinical.appointments.models import Appointment
from clinical.notes.models import Note
from clinical.patients.models import Patient
from clinical.practice.models import AppointmentType, Location, Practitioner
from tenants.scope import tenant_scope

MOST = 40
NOBODY = "019b0000-0000-7000-8000-000000000000"
BOOKKEEPING = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
VISITS = 30


def _paths(patterns, prefix="/"):
    """Answer every address with no other blank than one thing's id."""
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _paths(entry.url_patterns, path)
        elif isinstance(entry, URLPattern):
            converters = [type(one).__name__ for one in entry.pattern.converters.values()]
            if converters in ([], ["UUIDConverter"]):
                yield path.replace("<uuid:pk>", "{pk}")


def _cost(client, path: str) -> tuple[int, int]:
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
        if response.streaming:
            list(response.streaming_content)
    asked = [one["sql"] for one in captured if not one["sql"].startswith(BOOKKEEPING)]
    return response.status_code, len(asked)


@pytest.fixture
def things(alpha):
    """A patient with a full file, and what else a page may be about."""
    with tenant_scope(alpha):
        place = Location.objects.create(name="Rooms")
        clinician = Practitioner.objects.create(name="Dana")
        kind = AppointmentType.objects.create(name="Review")
        patient = Patient.objects.create(given_names="Ada", family_name="North", location=place)
        at = datetime.now(UTC).replace(hour=2, minute=0)
        visits = Appointment.objects.bulk_create(
            Appointment(
                patient=patient,
                location=place,
                practitioner=clinician,
                appointment_type=kind,
                starts_at=at + timedelta(minutes=10 * n),
                ends_at=at + timedelta(minutes=10 * n + 10),
            )
            for n in range(VISITS)
        )
        note = Note.objects.create(patient=patient, noted_at=at, title="Draft")
        return {
            "appointments": visits[0].pk,
            "notes": note.pk,
            "locations": place.pk,
            "clinicians": clinician.pk,
            "": patient.pk,
        }


def test_no_page_asks_the_database_more_than_forty_times(alpha, sign_in, things):
    owner = sign_in(alpha, "owner")
    owner.get("/patients/")
    owner.raise_request_exception = False
    opened, dear, broken = 0, {}, []

    for path in sorted(set(_paths(import_module(settings.CLINIC_URLCONF).urlpatterns))):
        noun = next((one for one in things if one and one in path), "")
        status, asked = _cost(owner, path.format(pk=things[noun] if "{pk}" in path else NOBODY))
        opened += status == 200
        if asked > MOST:
            dear[path] = asked
        if status >= 500:
            broken.append(path)

    assert dear == {}
    assert broken == []
    assert opened > 30


def test_a_full_day_costs_no_more_questions_than_one_visit(alpha, sign_in):
    owner = sign_in(alpha, "owner")
    day = datetime(2026, 11, 24, 0, tzinfo=UTC)
    with tenant_scope(alpha):
        place = Location.objects.create(name="Rooms")
        kind = AppointmentType.objects.create(name="Review")
        patients = Patient.objects.bulk_create(Patient(given_names=f"P{n}") for n in range(20))
        clinicians = Practitioner.objects.bulk_create(
            Practitioner(name=f"Clinician {n}") for n in range(10)
        )
    pages = (
        "/appointments/?date=2026-11-24",
        "/appointments/diary/feed/?date=2026-11-24&until=2026-11-24",
        f"/patients/{patients[0].pk}/",
        "/patients/?sort=next",
    )
    costs = []
    for first, many in ((0, 1), (1, 299)):
        with tenant_scope(alpha):
            Appointment.objects.bulk_create(
                Appointment(
                    patient=patients[n % 20],
                    practitioner=clinicians[n % 10],
                    location=place,
                    appointment_type=kind,
                    starts_at=day + timedelta(minutes=n),
                    ends_at=day + timedelta(minutes=n + 20),
                )
                for n in range(first, first + many)
            )
        costs.append([_cost(owner, path) for path in pages])
        costs[-1] = [_cost(owner, path) for path in pages]

    assert costs[0] == costs[1]
