from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from audit.models import Event
from clinical.appointments.models import Appointment
from clinical.patients.filters import ORDERS, PatientFilter
from clinical.patients.list_models import SavedFilter
from clinical.patients.listing import list_patients, walk_patients
from clinical.patients.models import CoordinatorAssignment, Patient
from clinical.practice.models import Location, Practitioner
from tenants.scope import tenant_scope

EVERYBODY = PatientFilter()
NOW = timezone.now()


def person(role: str) -> User:
    return User.objects.create(email=f"{role}@example.com", name=role, role=role)


def visit(patient: Patient, hours: int, clinician: Practitioner | None = None) -> None:
    starts = NOW + timedelta(hours=hours)
    Appointment.objects.create(
        patient=patient,
        practitioner=clinician,
        starts_at=starts,
        ends_at=starts + timedelta(minutes=30),
    )


def names(patients) -> list[str]:
    return [patient.given_names for patient in patients]


@pytest.fixture
def crowd(in_alpha):
    """Seven people: three with a next visit, two only with a last one, two with none."""
    people = [Patient.objects.create(given_names=name, family_name="Same") for name in "ABCDEFG"]
    for patient, hours in zip(people, (30, 10, 20, -10, -30), strict=False):
        visit(patient, hours)
    return people


@pytest.mark.parametrize(
    ("order", "expected"), [("name", "ABCDEFG"), ("next", "BCADEFG"), ("last", "DEABCFG")]
)
def test_every_order_is_walked_there_and_back_in_pages(crowd, order, expected):
    owner = person("owner")

    for size in (1, 2, 3, 7):
        page = list_patients(owner, EVERYBODY, order=ORDERS[order], size=size)
        there, last = names(page.patients), page
        while page.after:
            last = page
            page = list_patients(owner, EVERYBODY, order=ORDERS[order], after=page.after, size=size)
            there += names(page.patients)
        back = names(page.patients)
        while page.before:
            page = list_patients(
                owner, EVERYBODY, order=ORDERS[order], before=page.before, size=size
            )
            back = names(page.patients) + back
        assert ("".join(there), "".join(back), last.total) == (expected, expected, 7)


def test_each_filter_leaves_out_the_others(crowd):
    owner = person("owner")
    dana = Practitioner.objects.create(name="Dana")
    today = date(2026, 11, 21)
    visit(crowd[5], 5, dana)
    visit(crowd[6], -5, dana)
    Patient.objects.filter(given_names__in="AB").update(plan_end=today)
    Patient.objects.filter(given_names="C").update(is_archived=True)

    def found(**narrowed) -> str:
        page = list_patients(owner, PatientFilter(**narrowed))
        return f"{''.join(names(page.patients))} {page.total}"

    assert found(next_with=dana.pk) == "F 1"
    assert found(seen_by=dana.pk) == "G 1"
    assert found(without_next=True) == "DEG 3"
    assert found(plan_from=today, plan_until=today) == "AB 2"
    assert found(plan_until=today - timedelta(days=1)) == " 0"
    assert found(only_archived=True) == "C 1"
    assert found(with_archived=True) == "ABCDEFG 7"


def test_the_walk_of_an_export_meets_everybody_once(crowd, monkeypatch):
    monkeypatch.setattr("clinical.patients.listing.EXPORTED_AT_ONCE", 2)

    parts = list(walk_patients(person("owner"), EVERYBODY, order=ORDERS["next"]))

    assert [names(part) for part in parts] == [["B", "C"], ["A", "D"], ["E", "F"], ["G"]]


def test_a_coordinator_lists_the_assigned_only(crowd):
    coordinator = person("coordinator")
    CoordinatorAssignment.objects.create(user=coordinator, patient=crowd[2])

    page = list_patients(coordinator, EVERYBODY, order=ORDERS["next"])

    assert (names(page.patients), page.total) == (["C"], 1)


def test_the_page_keeps_its_filters_in_the_address_and_shows_them(alpha, sign_in):
    with tenant_scope(alpha):
        place = Location.objects.create(name="Harbour")
        for name in ("Here", "Away"):
            Patient.objects.create(
                given_names=name, family_name="Ng", location=place if name == "Here" else None
            )
    owner = sign_in(alpha, "owner")
    query = {
        "location": str(place.pk),
        "clinician": "next:none",
        "sort": "last",
        "plan": "nonsense",
    }

    page = owner.get("/patients/", query, headers={"HX-Target": "patient-results"})

    assert page["HX-Push-Url"] == f"/patients/?location={place.pk}&clinician=next%3Anone&sort=last"
    assert ("Ng, Here" in page.text, "Ng, Away" in page.text) == (True, False)
    assert "Nothing booked" in page.text


def test_a_filter_is_saved_for_oneself_and_deleted(alpha, sign_in):
    owner, other = sign_in(alpha, "owner"), sign_in(alpha, "reception")
    form = {"name": " Ending  soon ", "plan": "30", "q": "Somebody"}

    owner.post("/patients/filters/", form)
    owner.post("/patients/filters/", {"name": "Nothing chosen"})

    with tenant_scope(alpha):
        saved = SavedFilter.objects.get()
        assert (saved.name, saved.query, saved.user) == (
            "Ending soon",
            {"plan": "30"},
            owner.person,
        )
    assert "/patients/?plan=30" in owner.get("/patients/").text
    assert "Ending soon" not in other.get("/patients/").text
    assert other.post(f"/patients/filters/{saved.pk}/").status_code == 404
    assert owner.post(f"/patients/filters/{saved.pk}/").status_code == 302
    with tenant_scope(alpha):
        assert not SavedFilter.objects.exists()


def test_the_export_is_guarded_on_record_and_for_those_who_may(alpha, sign_in):
    with tenant_scope(alpha):
        Patient.objects.create(given_names="=cmd()", family_name="Ng", is_archived=True)
        Patient.objects.create(given_names="Amy", family_name="Ng", plan_end=date(2026, 12, 1))

    refused = sign_in(alpha, "reception").get("/patients/export/")
    answer = sign_in(alpha, "owner").get("/patients/export/?archived=only")
    lines = b"".join(answer.streaming_content).decode().splitlines()

    assert refused.status_code == 403
    assert [line.split(",")[1:3] for line in lines] == [
        ["Family name", "Given names"],
        ["Ng", "'=cmd()"],
    ]
    with tenant_scope(alpha):
        event = Event.objects.get(action="export")
        assert event.actor_id == str(User.objects.get(role="owner").pk)


def test_thirty_patients_cost_as_many_queries_as_one(alpha, sign_in):
    owner = sign_in(alpha, "owner")
    counts = []
    for more in (1, 29):
        with tenant_scope(alpha):
            dana = Practitioner.objects.create(name=f"Dana {more}")
            for n in range(more):
                patient = Patient.objects.create(given_names=f"P{n}", family_name="Ng")
                visit(patient, 1 + n, dana)
        owner.get("/patients/")
        with CaptureQueriesContext(connection) as queries:
            owner.get("/patients/?sort=next")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 25
