from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from clinical.appointments import waiting
from clinical.appointments.models import WaitingEntry
from clinical.practice.models import AppointmentType, Location, Practitioner
from tenants.scope import tenant_scope

NINE = datetime(2026, 11, 22, 22, tzinfo=UTC)
"""Nine in the morning of Monday 23 November 2026 in Sydney."""


@pytest.fixture
def reception(person):
    return person("reception")


@pytest.fixture
def freed(in_alpha, appointment, patient):
    """A visit on Monday at nine that has been cancelled."""
    place = Location.objects.create(name="North", time_zone="Australia/Sydney")
    return appointment(
        NINE,
        patient=patient("Ada North"),
        practitioner=Practitioner.objects.create(name="Cleo"),
        appointment_type=AppointmentType.objects.create(name="Review"),
        location=place,
        status="cancelled",
    )


@pytest.mark.parametrize(
    ("wishes", "suits"),
    [
        ({}, True),
        ({"weekdays": [0, 2]}, True),
        ({"weekdays": [1]}, False),
        ({"earliest": time(8, 30), "latest": time(9)}, True),
        ({"earliest": time(9, 30)}, False),
        ({"latest": time(8)}, False),
        ({"until": date(2026, 11, 23)}, True),
        ({"until": date(2026, 11, 22)}, False),
        ({"is_open": False}, False),
    ],
)
def test_who_would_take_a_freed_time(freed, reception, patient, wishes, *, suits):
    waiting.add_entry(actor=reception, patient=patient("Ben West"), **wishes)

    assert bool(waiting.who_would_take(freed, reception)) is suits


def test_a_wish_for_another_clinician_place_or_type_does_not_suit(
    in_alpha, freed, reception, patient
):
    for name, kind in (
        ("practitioner", Practitioner),
        ("location", Location),
        ("appointment_type", AppointmentType),
    ):
        ben = patient(f"Ben {name}")
        waiting.add_entry(actor=reception, patient=ben, **{name: kind.objects.create(name="Other")})
        cara = patient(f"Cara {name}")
        waiting.add_entry(actor=reception, patient=cara, **{name: getattr(freed, name)})

    offered = {entry.patient.given_names for entry in waiting.who_would_take(freed, reception)}

    assert offered == {"Cara"}


def test_the_most_urgent_come_first_and_whose_visit_it_was_is_not_offered(
    in_alpha, freed, reception, patient
):
    waiting.add_entry(actor=reception, patient=patient("Whenever Will"), priority=3)
    waiting.add_entry(actor=reception, patient=patient("Urgent Una"), priority=1)
    waiting.add_entry(actor=reception, patient=freed.patient, priority=1)

    offered = [entry.patient.family_name for entry in waiting.who_would_take(freed, reception)]

    assert offered == ["Una", "Will"]


def test_reception_puts_a_patient_on_the_list_takes_them_off_and_back(alpha, sign_in, patient):
    client = sign_in(alpha, "reception")
    assert "Nobody waits" in client.get("/appointments/waiting/").text
    with tenant_scope(alpha):
        ada = patient("Ada North", phone="0491 570 156")

    form = {"patient": str(ada.pk), "priority": "1", "weekdays": ["0", "4"], "earliest": "08:00"}
    client.post("/appointments/waiting/new/", form)
    page = client.get("/appointments/waiting/").text
    assert "Ada North" in page
    assert "Mon, Fri" in page
    with tenant_scope(alpha):
        entry = WaitingEntry.objects.get()

    off = client.post(f"/appointments/waiting/{entry.pk}/")
    assert "Undo" in off.text
    assert "Nobody waits" in client.get("/appointments/waiting/").text
    client.post(f"/appointments/waiting/{entry.pk}/", {"action": "back"})
    assert "Ada North" in client.get("/appointments/waiting/").text


@pytest.mark.parametrize(
    "wrong", [{"patient": ""}, {"latest": "07:00"}, {"weekdays": ["9"]}, {"priority": "urgent"}]
)
def test_what_makes_no_sense_is_shown_beside_its_field(alpha, sign_in, patient, wrong):
    with tenant_scope(alpha):
        ada = patient()
    form = {"patient": str(ada.pk), "priority": "1", "earliest": "08:00", **wrong}

    answer = sign_in(alpha, "reception").post("/appointments/waiting/new/", form)

    assert answer.status_code == 422


def test_a_cancelled_visits_drawer_offers_who_could_come(alpha, sign_in, patient, appointment):
    with tenant_scope(alpha):
        later = datetime.now(UTC) + timedelta(days=3)
        item = appointment(later, patient=patient("Ada North"), status="cancelled")
        WaitingEntry.objects.create(patient=patient("Ben West", phone="0491 570 157"))

    page = sign_in(alpha, "reception").get(f"/appointments/{item.pk}/drawer/").text

    assert "Could come instead" in page
    assert "tel:0491570157" in page


def test_the_neighbour_and_the_coordinator_see_nobody_wait(alpha, beta, sign_in, patient):
    with tenant_scope(alpha):
        WaitingEntry.objects.create(patient=patient("Ada North"))

    assert "Ada North" not in sign_in(beta, "owner").get("/appointments/waiting/").text
    assert "Ada North" not in sign_in(alpha, "coordinator").get("/appointments/waiting/").text
