"""The support coordinators' wall in the database, whatever query is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from clinical.appointments.models import Appointment
from clinical.patients.models import ContactPoint, CoordinatorAssignment, Patient
from clinical.patients.search import find_patients
from tenants.scope import act_as, current_scope

NOON = datetime(2026, 11, 20, 1, tzinfo=UTC)


@pytest.fixture
def two_participants(in_alpha, patient, person, appointment):
    """Answer (coordinator, the assigned participant, the other one)."""
    coordinator = person("coordinator")
    mine = patient("Ada North", phone="0412345678")
    other = patient("Bea South", phone="0412345679")
    for who in (mine, other, None):
        appointment(NOON, patient=who)
    CoordinatorAssignment.objects.create(user=coordinator, patient=mine)
    return coordinator, mine, other


def act(user) -> None:
    act_as(replace(current_scope().actor, id=str(user.pk), label=user.name))


def test_a_coordinators_query_sees_assigned_participants_only(two_participants):
    coordinator, mine, _other = two_participants

    act(coordinator)

    assert list(Patient.objects.all()) == [mine]
    assert [point.patient for point in ContactPoint.objects.all()] == [mine]
    assert [visit.patient for visit in Appointment.objects.all()] == [mine]


def test_a_coordinator_cannot_change_what_is_not_assigned(two_participants):
    coordinator, _mine, other = two_participants

    act(coordinator)

    assert Patient.objects.filter(pk=other.pk).update(notes="x") == 0
    assert ContactPoint.objects.filter(patient=other).delete()[0] == 0


@pytest.mark.parametrize("typed", ["north", "south", "041234567", "nroth", "suoth"])
def test_the_search_looks_among_assigned_participants_only(two_participants, typed):
    coordinator, mine, other = two_participants
    by_all = {hit.patient_id for hit in find_patients(typed, today=NOON.date())}

    act(coordinator)
    by_coordinator = {hit.patient_id for hit in find_patients(typed, today=NOON.date())}

    assert by_all & {mine.pk, other.pk}
    assert by_coordinator == by_all - {other.pk}


def test_everybody_else_sees_all(two_participants, person):
    act(person("reception"))

    assert Patient.objects.count() == 2
    assert Appointment.objects.count() == 3


def test_work_without_a_person_behind_it_sees_all(two_participants):
    assert Patient.objects.count() == 2
