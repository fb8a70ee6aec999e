from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinical.appointments.models import Appointment
from clinical.appointments.statuses import Status
from clinical.practice.models import AppointmentType, Location, Practitioner
from tenants.scope import tenant_scope

SYDNEY = ZoneInfo("Australia/Sydney")
NINE = datetime(2026, 11, 20, 22, tzinfo=UTC)
"""Nine in the morning of 21 November 2026 in Sydney."""
DAY = "/appointments/?date=2026-11-21"


def test_the_clinics_home_is_today(alpha, sign_in):
    answer = sign_in(alpha, "reception").get("/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/appointments/diary/")


def test_an_empty_day_says_what_to_do(alpha, sign_in):
    page = sign_in(alpha, "reception").get(DAY)

    assert "Nothing is booked on this day" in page.text
    assert "/appointments/new/?date=2026-11-21" in page.text


def test_a_day_shows_the_clinics_own_appointments_in_its_own_time(
    alpha, beta, sign_in, patient, appointment
):
    for clinic, name in ((alpha, "Ada North"), (beta, "Bea South")):
        with tenant_scope(clinic):
            cleo = Practitioner.objects.create(name="Cleo Vane", discipline="Podiatry")
            appointment(NINE, patient=patient(name), practitioner=cleo)

    page = sign_in(alpha, "clinician").get(DAY)

    assert "Saturday 21 November 2026" in page.text
    assert "9:00\N{EN DASH}9:30 am" in page.text
    assert "Ada North" in page.text
    assert "Cleo Vane" in page.text
    assert "Bea South" not in page.text


@pytest.mark.parametrize("asked", ["?date=nonsense", "?date=2026-13-45", "?location=nonsense", ""])
def test_an_address_that_makes_no_sense_shows_today(alpha, sign_in, asked):
    page = sign_in(alpha, "reception").get(f"/appointments/{asked}")

    assert page.status_code == 200
    assert "Today" in page.text


def test_a_day_that_keeps_itself_fresh_fetches_its_columns_only(alpha, sign_in):
    part = sign_in(alpha, "reception").get(DAY, headers={"HX-Target": "day-grid"})

    assert part.text.startswith('<div id="day-grid"')
    assert "<html" not in part.text


def test_the_days_beside_it_keep_the_location(alpha, sign_in):
    with tenant_scope(alpha):
        place = Location.objects.create(name="North")

    page = sign_in(alpha, "reception").get(f"{DAY}&location={place.pk}")

    assert f"date=2026-11-20&amp;location={place.pk}" in page.text
    assert f"date=2026-11-22&amp;location={place.pk}" in page.text


def test_the_day_asks_as_often_for_thirty_appointments_as_for_one(
    alpha, sign_in, patient, appointment
):
    reception = sign_in(alpha, "reception")
    counts = []
    for many in (1, 2, 27):
        with tenant_scope(alpha):
            for number in range(many):
                appointment(
                    NINE + timedelta(minutes=10 * number),
                    patient=patient(f"Ada N{many}{number}"),
                    practitioner=Practitioner.objects.create(name=f"C{many}{number}"),
                    location=Location.objects.create(name=f"L{many}{number}"),
                    appointment_type=AppointmentType.objects.create(name="T"),
                )
        with CaptureQueriesContext(connection) as captured:
            assert reception.get(DAY).status_code == 200
        counts.append(len(captured))

    assert counts[0] == counts[1] == counts[2]


def test_one_click_arrives_a_patient(alpha, sign_in, patient, appointment):
    with tenant_scope(alpha):
        visit = appointment(NINE, patient=patient())

    card = sign_in(alpha, "reception").post(
        f"/appointments/{visit.pk}/status/",
        {"status": "arrived", "all_places": "1"},
        headers={"HX-Request": "true"},
    )

    assert card.text.startswith("<li")
    assert f"visit-{visit.pk}" in card.text
    assert "Arrived" in card.text
    assert "Start session" in card.text
    with tenant_scope(alpha):
        assert Appointment.objects.get().status == Status.ARRIVED


def test_without_scripts_the_click_leads_back_to_the_day(alpha, sign_in, patient, appointment):
    with tenant_scope(alpha):
        visit = appointment(NINE, patient=patient())

    answer = sign_in(alpha, "reception").post(
        f"/appointments/{visit.pk}/status/", {"status": "arrived"}
    )

    assert answer.headers["Location"] == DAY


def test_the_way_back_never_leads_to_another_host(alpha, sign_in, appointment):
    with tenant_scope(alpha):
        visit = appointment(NINE)

    answer = sign_in(alpha, "reception").post(
        f"/appointments/{visit.pk}/status/",
        {"status": "arrived", "next": "https://elsewhere.example/"},
    )

    assert answer.headers["Location"] == DAY


def test_a_step_that_cannot_be_taken_is_explained_on_the_card(alpha, sign_in, appointment):
    with tenant_scope(alpha):
        visit = appointment(NINE, status=Status.COMPLETED)

    card = sign_in(alpha, "reception").post(
        f"/appointments/{visit.pk}/status/",
        {"status": "cancelled"},
        headers={"HX-Request": "true"},
    )

    assert "cannot become" in card.text
    with tenant_scope(alpha):
        assert Appointment.objects.get().status == Status.COMPLETED


@pytest.mark.parametrize("role", ["billing", "coordinator"])
def test_who_only_looks_has_no_buttons_and_cannot_press_them(
    alpha, sign_in, patient, appointment, role
):
    with tenant_scope(alpha):
        visit = appointment(NINE, patient=patient())
    looker = sign_in(alpha, role)

    page = looker.get(DAY)
    refused = looker.post(f"/appointments/{visit.pk}/status/", {"status": "arrived"})

    assert "/status/" not in page.text
    assert refused.status_code == 403
    with tenant_scope(alpha):
        assert Appointment.objects.get().status == Status.BOOKED


@pytest.mark.parametrize("section", ["", "edit/", "status/"])
def test_the_neighbours_appointment_is_not_found(alpha, beta, sign_in, appointment, section):
    with tenant_scope(beta):
        visit = appointment(NINE)
    owner = sign_in(alpha, "owner")
    verb = owner.post if section == "status/" else owner.get

    assert verb(f"/appointments/{visit.pk}/{section}").status_code == 404


def test_an_appointments_page_shows_what_is_booked(alpha, sign_in, patient, appointment):
    with tenant_scope(alpha):
        visit = appointment(
            NINE,
            patient=patient("Ada North", alerts="Falls risk"),
            notes="Bring the referral",
            source_note="The clinic was missing",
            extra={"Room": "2"},
        )

    page = sign_in(alpha, "clinician").get(f"/appointments/{visit.pk}/")

    for words in ("Ada North", "Falls risk", "Bring the referral", "was missing", "Room"):
        assert words in page.text
    assert "9:00\N{EN DASH}9:30 am" in page.text


def wanted(**changes: object) -> dict[str, object]:
    return {"date": "2026-11-21", "time": "09:00", "minutes": "", **changes}


def test_reception_books_an_appointment(alpha, beta, sign_in, patient):
    with tenant_scope(alpha):
        ada = patient()
        cleo = Practitioner.objects.create(name="Cleo")
        kind = AppointmentType.objects.create(name="Long", duration_minutes=45)

    answer = sign_in(alpha, "reception").post(
        "/appointments/new/",
        wanted(patient=ada.pk, practitioner=cleo.pk, appointment_type=kind.pk),
    )

    assert answer.headers["Location"] == DAY
    with tenant_scope(alpha):
        visit = Appointment.objects.get()
        assert (visit.patient, visit.practitioner, visit.starts_at) == (ada, cleo, NINE)
        assert visit.ends_at - visit.starts_at == timedelta(minutes=45)
    with tenant_scope(beta):
        assert not Appointment.objects.exists()


def test_the_time_is_that_of_the_chosen_places_clocks(alpha, sign_in):
    with tenant_scope(alpha):
        west = Location.objects.create(name="Perth", time_zone="Australia/Perth")

    sign_in(alpha, "reception").post("/appointments/new/", wanted(location=west.pk))

    with tenant_scope(alpha):
        assert Appointment.objects.get().starts_at == NINE + timedelta(hours=3)


def test_a_taken_time_is_shown_and_booked_twice_on_purpose(alpha, sign_in, patient, appointment):
    with tenant_scope(alpha):
        cleo = Practitioner.objects.create(name="Cleo")
        appointment(NINE, practitioner=cleo, patient=patient("Ada North"))
    reception = sign_in(alpha, "reception")

    asked = reception.post("/appointments/new/", wanted(practitioner=cleo.pk))
    booked = reception.post("/appointments/new/", wanted(practitioner=cleo.pk, may_clash="on"))

    assert asked.status_code == 422
    assert "This time is taken" in asked.text
    assert "Ada North" in asked.text
    assert booked.status_code == 302
    with tenant_scope(alpha):
        assert Appointment.objects.count() == 2


def test_an_hour_that_no_clock_shows_cannot_be_booked(alpha, sign_in):
    page = sign_in(alpha, "reception").post(
        "/appointments/new/", wanted(date="2026-10-04", time="02:30")
    )

    assert page.status_code == 422
    assert "put forward" in page.text


def test_the_neighbours_patient_cannot_be_booked(alpha, beta, sign_in, patient):
    with tenant_scope(beta):
        theirs = patient()

    page = sign_in(alpha, "reception").post("/appointments/new/", wanted(patient=theirs.pk))

    assert page.status_code == 422
    with tenant_scope(alpha):
        assert not Appointment.objects.exists()


def test_the_form_knows_what_its_link_knows(alpha, sign_in, patient):
    with tenant_scope(alpha):
        ada = patient("Ada North")

    page = sign_in(alpha, "reception").get(
        f"/appointments/new/?patient={ada.pk}&date=2026-12-24&time=10:30"
    )

    assert "North, Ada" in page.text
    assert "2026-12-24" in page.text
    assert "10:30" in page.text


@pytest.mark.parametrize("asked", ["?patient=nonsense", "?date=nonsense", "?practitioner=x"])
def test_a_link_that_makes_no_sense_opens_an_empty_form(alpha, sign_in, asked):
    assert sign_in(alpha, "reception").get(f"/appointments/new/{asked}").status_code == 200


def test_a_clinician_books_into_their_own_column(alpha, sign_in):
    clinician = sign_in(alpha, "clinician")
    with tenant_scope(alpha):
        mine = Practitioner.objects.create(name="Cleo", user=clinician.person)

    page = clinician.get("/appointments/new/")

    assert f'<option value="{mine.pk}" selected>' in page.text


def test_an_appointment_is_moved(alpha, sign_in, appointment):
    with tenant_scope(alpha):
        visit = appointment(NINE)
    reception = sign_in(alpha, "reception")
    form = wanted(date="2026-11-23", minutes="30", seen=visit.changed_at.isoformat())

    moved = reception.post(f"/appointments/{visit.pk}/edit/", form)
    stale = reception.post(f"/appointments/{visit.pk}/edit/", form)

    assert moved.headers["Location"] == "/appointments/?date=2026-11-23"
    assert stale.status_code == 422
    assert "Somebody else has changed this appointment" in stale.text
    with tenant_scope(alpha):
        assert Appointment.objects.get().starts_at.astimezone(SYDNEY).date() == date(2026, 11, 23)


def test_patients_are_offered_while_one_types(alpha, beta, sign_in, patient):
    for clinic, name in ((alpha, "Ada North"), (beta, "Bea North")):
        with tenant_scope(clinic):
            patient(name)

    part = sign_in(alpha, "reception").post("/appointments/patients/", {"q": "north"})

    assert "Ada" in part.text
    assert "Bea" not in part.text
