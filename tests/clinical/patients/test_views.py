from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinical.patients.models import CoordinatorAssignment, Patient
from clinical.practice.models import FundingType, Location
from tenants.scope import tenant_scope

NOON = datetime(2026, 11, 21, 1, tzinfo=UTC)
ROWS = {
    f"{prefix}-{name}": value
    for prefix in ("contact", "address", "number")
    for name, value in (("TOTAL_FORMS", "0"), ("INITIAL_FORMS", "0"))
}
HTMX = {"HX-Request": "true", "HX-Target": "patient-results"}


def queries_of(client, method: str, path: str, **options) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = getattr(client, method)(path, **options)
    assert answer.status_code == 200
    return len(captured)


def test_an_empty_list_says_what_to_do(alpha, sign_in):
    page = sign_in(alpha, "owner").get("/patients/")

    assert "No patients yet" in page.text
    assert "/settings/data/import/" in page.text
    assert "/patients/new/" in page.text


def test_the_list_shows_the_clinics_own_patients(alpha, beta, sign_in, patient):
    with tenant_scope(alpha):
        patient("Ada North", phone="0412345678", date_of_birth=date(1980, 3, 12))
    with tenant_scope(beta):
        patient("Bea South")

    page = sign_in(alpha, "reception").get("/patients/")

    assert "North, Ada" in page.text
    assert "12/03/1980" in page.text
    assert "0412 345 678" in page.text
    assert "South" not in page.text


def test_a_search_answers_the_rows_only_and_marks_what_was_typed(alpha, sign_in, patient):
    with tenant_scope(alpha):
        patient("Ada North")
        patient("Bea South")

    part = sign_in(alpha, "reception").post("/patients/", {"q": "nort"}, headers=HTMX)

    assert part.text.lstrip().startswith('<div id="patient-results"')
    assert "<mark>Nort</mark>h" in part.text
    assert "South" not in part.text


def test_a_search_that_finds_nobody_offers_to_add_them(alpha, sign_in):
    part = sign_in(alpha, "reception").post("/patients/", {"q": "nobody"}, headers=HTMX)

    assert "Nobody matches" in part.text
    assert "/patients/new/" in part.text


def test_names_are_never_searched_by_address(alpha, sign_in, patient):
    with tenant_scope(alpha):
        patient("Ada North")
        patient("Bea South")

    page = sign_in(alpha, "reception").get("/patients/?q=north")

    assert "South" in page.text


def test_filters_narrow_the_list_and_stay_in_the_pages(alpha, sign_in, patient):
    with tenant_scope(alpha):
        place = Location.objects.create(name="North")
        patient("Ada Here", location=place)
        patient("Bea Elsewhere")

    page = sign_in(alpha, "reception").get(f"/patients/?location={place.pk}")

    assert "Here, Ada" in page.text
    assert "Elsewhere" not in page.text


def test_the_list_asks_as_often_for_thirty_patients_as_for_one(alpha, sign_in, patient):
    reception = sign_in(alpha, "reception")
    reception.get("/patients/")  # what is news for the clinic is asked for once in some seconds
    counts = []
    for many in (1, 2, 27):
        with tenant_scope(alpha):
            place = Location.objects.create(name=f"L{many}")
            paid = FundingType.objects.create(name=f"F{many}")
            for number in range(many):
                patient(f"Ada N{number}", phone="0412345678", location=place, funding_type=paid)
        counts.append(
            (
                queries_of(reception, "get", "/patients/"),
                queries_of(reception, "post", "/patients/", data={"q": "ada"}),
                queries_of(reception, "post", "/patients/find/", data={"q": "ada"}),
            )
        )

    assert counts[0] == counts[1] == counts[2]


def test_the_search_box_shows_todays_patients_and_the_recent_first(
    alpha, sign_in, patient, appointment
):
    with tenant_scope(alpha):
        today, recent = patient("Ada North"), patient("Bea South")
        appointment(timezone.now(), patient=today)
    reception = sign_in(alpha, "reception")
    reception.get(f"/patients/{recent.pk}/")

    box = reception.post("/patients/find/", {"q": ""})

    assert "Today" in box.text
    assert "Recent" in box.text
    assert box.text.index("Ada") < box.text.index("Bea")


def test_the_search_box_finds_while_one_types(alpha, beta, sign_in, patient):
    for clinic, name in ((alpha, "Ada North"), (beta, "Bea North")):
        with tenant_scope(clinic):
            patient(name, phone="0412345678")

    box = sign_in(alpha, "reception").post("/patients/find/", {"q": "0412 345"})

    assert "Ada" in box.text
    assert "Bea" not in box.text


def test_a_patients_page_shows_who_they_are(alpha, sign_in, patient, appointment):
    with tenant_scope(alpha):
        ada = patient(
            "Ada North",
            phone="0412345678",
            medicare="2123 45671 1",
            alerts="Falls risk",
            date_of_birth=date(1980, 3, 12),
        )
        appointment(NOON, patient=ada)

    page = sign_in(alpha, "clinician").get(f"/patients/{ada.pk}/")

    assert "12 Mar 1980" in page.text
    assert "Falls risk" in page.text
    assert "2123 45671 1" in page.text
    assert "Check this number" in page.text
    assert "0412 345 678" in page.text
    assert f"Patient {ada.number}" in page.text


@pytest.mark.parametrize(
    "section", ["", "appointments/", "former-system/", "history/", "edit/", "archive/"]
)
def test_the_neighbours_patient_is_not_found(alpha, beta, sign_in, patient, section):
    with tenant_scope(beta):
        theirs = patient()
    owner = sign_in(alpha, "owner")
    verb = owner.post if section == "archive/" else owner.get

    assert verb(f"/patients/{theirs.pk}/{section}").status_code == 404


def test_a_coordinator_gets_404_for_whoever_is_not_assigned(alpha, sign_in, patient):
    coordinator = sign_in(alpha, "coordinator")
    with tenant_scope(alpha):
        mine, other = patient("Ada North"), patient("Bea South")
        CoordinatorAssignment.objects.create(user=coordinator.person, patient=mine)

    answers = [coordinator.get(f"/patients/{who.pk}/").status_code for who in (mine, other)]

    assert answers == [200, 404]
    assert "South" not in coordinator.get("/patients/").text


def test_appointments_stand_under_to_come_and_past(alpha, sign_in, patient, appointment):
    with tenant_scope(alpha):
        ada = patient()
        appointment(datetime(2020, 1, 1, tzinfo=UTC), patient=ada)
        appointment(datetime(2090, 1, 1, tzinfo=UTC), patient=ada)

    page = sign_in(alpha, "clinician").get(f"/patients/{ada.pk}/appointments/")

    _head, _, listed = page.text.partition("To come")
    assert listed.index("2090") < listed.index("Past")
    assert "2020" in page.text


def test_fields_of_the_old_system_are_kept_in_sight(alpha, sign_in, patient):
    with tenant_scope(alpha):
        ada = patient(extra={"Shoe size": "42½", "<b>": "\x0bodd"})

    overview = sign_in(alpha, "clinician").get(f"/patients/{ada.pk}/")
    page = sign_in(alpha, "clinician").get(f"/patients/{ada.pk}/former-system/")

    assert "From FileMaker" in overview.text
    assert "Shoe size" in page.text
    assert "42½" in page.text
    assert "<b>" not in page.text


def test_the_history_shows_who_looked_and_who_changed_what(alpha, sign_in, patient):
    with tenant_scope(alpha):
        ada = patient()
    clinician, owner = sign_in(alpha, "clinician"), sign_in(alpha, "owner")
    clinician.get(f"/patients/{ada.pk}/")
    with tenant_scope(alpha):
        Patient.objects.update(alerts="Falls risk")

    page = owner.get(f"/patients/{ada.pk}/history/")
    views = owner.get(f"/patients/{ada.pk}/history/?only=views")
    changes = owner.get(f"/patients/{ada.pk}/history/?only=changes")

    assert "clinician person</strong> looked at the overview" in page.text
    assert "Falls risk" in page.text
    assert "changed the record" not in views.text
    assert "looked at" not in changes.text


def test_only_who_may_read_the_audit_trail_sees_the_history(alpha, sign_in, patient):
    with tenant_scope(alpha):
        ada = patient()
    clinician = sign_in(alpha, "clinician")

    page = clinician.get(f"/patients/{ada.pk}/")

    assert "history/" not in page.text
    assert clinician.get(f"/patients/{ada.pk}/history/").status_code == 403


NEW = {
    **ROWS,
    "given_names": "Ada",
    "family_name": "North",
    "date_of_birth": "12/3/80",
    "contact-TOTAL_FORMS": "2",
    "contact-0-kind": "mobile",
    "contact-0-value": "0412 345 678",
    "contact-1-kind": "email",
    "contact-1-value": "",
    "number-TOTAL_FORMS": "1",
    "number-0-kind": "medicare",
    "number-0-value": "2123 45670 1",
    "address-TOTAL_FORMS": "1",
    "address-0-kind": "home",
    "address-0-suburb": "Perth",
}


def test_reception_adds_a_patient(alpha, beta, sign_in):
    answer = sign_in(alpha, "reception").post("/patients/new/", NEW)

    with tenant_scope(alpha):
        ada = Patient.objects.get()
        assert answer.headers["Location"] == f"/patients/{ada.pk}/"
        assert ada.date_of_birth == date(1980, 3, 12)
        assert [point.normalised for point in ada.contact_points.all()] == ["0412345678"]
        assert [number.is_valid for number in ada.identifiers.all()] == [True]
        assert [place.suburb for place in ada.addresses.all()] == ["Perth"]
    with tenant_scope(beta):
        assert not Patient.objects.exists()


def test_a_likely_duplicate_is_added_only_on_purpose(alpha, sign_in, patient):
    with tenant_scope(alpha):
        patient("Ada North", date_of_birth=date(1980, 3, 12))
    reception = sign_in(alpha, "reception")

    asked = reception.post("/patients/new/", NEW)
    with tenant_scope(alpha):
        before = Patient.objects.count()
    added = reception.post("/patients/new/", {**NEW, "is_another_person": "1"})

    assert asked.status_code == 422
    assert "Is it one of these?" in asked.text
    assert added.status_code == 302
    with tenant_scope(alpha):
        assert (before, Patient.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"given_names": "", "family_name": ""}, "at least one name"),
        ({"date_of_birth": "31/2/1980"}, "day/month/year"),
        ({"date_of_birth": "1/1/2090"}, "has not come yet"),
        ({"plan_start": "1/2/2026", "plan_end": "1/1/2026"}, "ends before it starts"),
        ({"contact-1-value": "not an address"}, "valid email"),
        ({"location": "019b0000-0000-7000-8000-000000000000"}, "valid choice"),
    ],
)
def test_a_mistake_is_shown_and_nothing_is_added(alpha, sign_in, wrong, words):
    page = sign_in(alpha, "reception").post("/patients/new/", {**NEW, **wrong})

    assert page.status_code == 422
    assert words in page.text
    with tenant_scope(alpha):
        assert not Patient.objects.exists()


def test_billing_adds_nobody(alpha, sign_in):
    assert sign_in(alpha, "billing").post("/patients/new/", NEW).status_code == 403
    with tenant_scope(alpha):
        assert not Patient.objects.exists()


def test_a_patient_is_changed_from_the_form_as_it_was_shown(alpha, sign_in, patient):
    with tenant_scope(alpha):
        ada = patient("Ada North", phone="0412345678")
        point = ada.contact_points.get()
    reception = sign_in(alpha, "reception")
    shown = reception.get(f"/patients/{ada.pk}/edit/")
    assert "0412345678" in shown.text
    form = {
        **ROWS,
        "given_names": "Ada Maria",
        "family_name": "North",
        "seen": ada.changed_at.isoformat(),
        "contact-TOTAL_FORMS": "1",
        "contact-INITIAL_FORMS": "1",
        "contact-0-id": str(point.pk),
        "contact-0-kind": "mobile",
        "contact-0-value": "0412345678",
        "contact-0-DELETE": "on",
    }

    saved = reception.post(f"/patients/{ada.pk}/edit/", form)
    stale = reception.post(f"/patients/{ada.pk}/edit/", {**form, "given_names": "Late"})

    assert saved.status_code == 302
    assert stale.status_code == 422
    assert "changed by somebody else" in stale.text
    with tenant_scope(alpha):
        ada.refresh_from_db()
        assert ada.given_names == "Ada Maria"
        assert not ada.contact_points.exists()


def test_a_patient_is_archived_and_brought_back(alpha, sign_in, patient):
    with tenant_scope(alpha):
        ada = patient("Ada North")
    reception = sign_in(alpha, "reception")

    reception.post(f"/patients/{ada.pk}/archive/")
    gone = reception.get("/patients/").text
    reception.post(f"/patients/{ada.pk}/archive/")
    back = reception.get("/patients/").text

    assert "North, Ada" not in gone
    assert "North, Ada" in back


def test_a_number_that_cannot_be_right_is_kept_on_purpose_only(alpha, sign_in):
    reception = sign_in(alpha, "reception")
    wrong = {**NEW, "number-0-value": "2123 45671 1"}

    asked = reception.post("/patients/new/", wrong)
    kept = reception.post("/patients/new/", {**wrong, "number-0-keep_as_is": "on"})
    page = reception.get(kept.headers["Location"])

    assert asked.status_code == 422
    assert "two figures may be swapped" in asked.text
    assert "Keep it as it is" in asked.text
    assert kept.status_code == 302
    assert "The check digit does not fit" in page.text


def test_a_cards_figure_end_and_colour_stand_in_the_head(alpha, sign_in):
    reception = sign_in(alpha, "reception")
    card = {"number-0-reference": "2", "number-0-expires_on": "31/1/2020"}

    added = reception.post("/patients/new/", {**NEW, **card})
    page = reception.get(added.headers["Location"])

    assert "/ 2</span>" in page.text
    assert "to 01/2020" in page.text
    assert "Medicare card run out" in page.text


def test_an_archived_patient_says_why_and_is_brought_back(alpha, sign_in, patient):
    with tenant_scope(alpha):
        ada = patient("Ada North")
    reception = sign_in(alpha, "reception")

    reception.post(f"/patients/{ada.pk}/archive/", {"reason": "Moved away"})
    archived = reception.get(f"/patients/{ada.pk}/").text
    reception.post(f"/patients/{ada.pk}/archive/")
    with tenant_scope(alpha):
        ada.refresh_from_db()

    assert "Moved away." in archived
    assert (ada.is_archived, ada.archive_reason) == (False, "")


def test_the_head_shows_visits_balance_and_actions_to_whom_may(
    alpha, sign_in, patient, appointment
):
    with tenant_scope(alpha):
        ada = patient("Ada North", phone="0412345678", coordinator_name="Selwyn Poe")
        appointment(timezone.now() + timedelta(days=2), patient=ada)
        appointment(timezone.now() - timedelta(days=2), patient=ada, status="completed")

    reception = sign_in(alpha, "reception").get(f"/patients/{ada.pk}/").text
    clinician = sign_in(alpha, "clinician").get(f"/patients/{ada.pk}/").text

    for words in ("Next visit", "Last visit", "Balance", "Selwyn Poe", "0412 345 678"):
        assert words in reception, words
    assert "Balance" not in clinician
    assert f"/patients/{ada.pk}/notes/new/" in clinician


def test_the_head_costs_the_same_whatever_there_is(alpha, sign_in, patient, appointment):
    with tenant_scope(alpha):
        ada = patient("Ada North", phone="0412345678", medicare="2123456701")
    reception = sign_in(alpha, "reception")
    counts = []
    for visits in (1, 20):
        with tenant_scope(alpha):
            for number in range(visits):
                appointment(timezone.now() + timedelta(days=number, hours=visits), patient=ada)
        reception.get(f"/patients/{ada.pk}/")
        with CaptureQueriesContext(connection) as queries:
            reception.get(f"/patients/{ada.pk}/")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 40


def test_an_owner_lets_a_coordinator_see_a_participant_and_takes_them_out(
    alpha, beta, sign_in, patient
):
    owner, coordinator = sign_in(alpha, "owner"), sign_in(alpha, "coordinator")
    stranger = sign_in(beta, "coordinator")
    with tenant_scope(alpha):
        ada = patient("Ada North")
    address, record = f"/patients/{ada.pk}/coordinators/", f"/patients/{ada.pk}/"
    someone = {"user": str(coordinator.person.pk)}

    before = coordinator.get(record).status_code
    owner.post(address, {"user": str(stranger.person.pk)})
    with tenant_scope(alpha):
        after_stranger = CoordinatorAssignment.objects.count()
    owner.post(address, someone)
    seen = coordinator.get(record)
    named = owner.get(record).text
    owner.post(address, {**someone, "fate": "out"})

    assert (before, after_stranger, seen.status_code) == (404, 0, 200)
    assert coordinator.person.name in named
    assert coordinator.get(record).status_code == 404
    assert sign_in(alpha, "reception").post(address, someone).status_code == 403
