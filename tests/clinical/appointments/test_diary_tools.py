"""The diary's tools: signs, own columns, places in a session, walk-ins, the day on paper."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinical.appointments.marks import marks_of
from clinical.appointments.models import Appointment, DiaryColumn
from clinical.appointments.selectors import day_sheet
from clinical.appointments.sheet import sheet_pdf
from clinical.appointments.statuses import Status
from clinical.notes.models import Note
from clinical.patients.models import Address
from clinical.practice.models import AppointmentType, Location, Practitioner, RosterHours
from tenants.scope import tenant_scope

NINE = datetime(2026, 11, 20, 22, tzinfo=UTC)
DAY = "2026-11-21"
FEED = f"/appointments/diary/feed/?date={DAY}&until={DAY}"
DRAWER = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "diary-drawer"}


def words(marks):
    return [mark.word for mark in marks]


def test_each_visit_has_the_signs_that_hold_for_it(in_alpha, person, patient, appointment):
    owner, ada = person("owner"), patient("Ada North")
    video = AppointmentType.objects.create(name="Review", setting="telehealth")
    home = AppointmentType.objects.create(name="Visit", setting="home")
    first = appointment(NINE, patient=ada, appointment_type=home, status=Status.COMPLETED)
    second = appointment(NINE + timedelta(days=1), patient=ada, appointment_type=video)
    later = appointment(NINE + timedelta(days=40), patient=ada, status=Status.CONFIRMED)

    found = marks_of(owner, [first, second, later], now=NINE + timedelta(hours=2))
    Note.objects.create(patient=ada, appointment=first, noted_at=NINE, author_name="Cleo")
    with_note = marks_of(owner, [first], now=NINE + timedelta(hours=2))
    for_reception = marks_of(person("reception"), [first], now=NINE + timedelta(hours=2))

    assert words(found[first.pk]) == ["new patient", "at the patient's home", "note missing"]
    assert words(found[second.pk]) == ["by video", "not confirmed"]
    assert words(found[later.pk]) == []
    assert words(with_note[first.pk])[-1] == "note in draft"
    assert words(for_reception[first.pk]) == ["new patient", "at the patient's home"]


def test_the_feed_asks_as_often_for_thirty_visits_as_for_one(alpha, sign_in, patient, appointment):
    def ask(client):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(FEED).status_code == 200
        return len(asked)

    with tenant_scope(alpha):
        kind = AppointmentType.objects.create(name="Class", max_attendees=9)
        head = appointment(NINE, seats=9, appointment_type=kind)
        appointment(NINE, patient=patient("A 0"), group=head, appointment_type=kind)
        appointment(NINE, patient=patient("B 0"))
    client = sign_in(alpha, "owner")
    ask(client)
    few = ask(client)
    with tenant_scope(alpha):
        for number in range(1, 9):
            appointment(NINE, patient=patient(f"A {number}"), group=head, appointment_type=kind)
            for hour in (1, 2, 3):
                appointment(NINE + timedelta(hours=hour), patient=patient(f"B {number} {hour}"))

    assert ask(client) == few <= 40


def test_a_group_is_one_block_with_its_places_and_names_hidden_apart(
    alpha, sign_in, patient, appointment
):
    with tenant_scope(alpha):
        kind = AppointmentType.objects.create(name="Class", max_attendees=4)
        head = appointment(NINE, seats=4, appointment_type=kind)
        appointment(NINE, patient=patient("Ada North"), group=head, appointment_type=kind)

    (event,) = sign_in(alpha, "reception").get(FEED).json()["events"]

    facts = event["extendedProps"]
    assert (event["title"], facts["seats"], facts["people"]) == ("Class", "1/4", ["Ada North"])
    assert (facts["named"], facts["patient"]) == (False, True)


def test_reception_fills_a_session_in_the_drawer_until_it_is_full(
    alpha, beta, sign_in, patient, appointment
):
    with tenant_scope(alpha):
        kind = AppointmentType.objects.create(name="Class", max_attendees=2)
        head = appointment(timezone.now() + timedelta(days=1), seats=2, appointment_type=kind)
        people = [patient(f"{name} North") for name in ("Ada", "Bea", "Cy")]
    rita, path = sign_in(alpha, "reception"), f"/appointments/{head.pk}/attendees/"

    def add(person):
        return rita.post(path, {"patient": str(person.pk)}, **DRAWER)

    assert "1 of 2 places taken" in add(people[0]).text
    assert "diary:changed" in json.loads(add(people[1]).headers["HX-Trigger"])
    full = add(people[2])
    assert "All 2 places of this session are taken" in full.text
    assert "HX-Trigger" not in full.headers
    assert "Choose the patient first" in rita.post(path, {}, **DRAWER).text

    with tenant_scope(alpha):
        ada = Appointment.objects.get(patient=people[0])
    status = f"/appointments/{ada.pk}/status/"
    arrived = rita.post(status, {"status": "arrived", "in_session": "on"}, **DRAWER)
    assert "2 of 2 places taken" in arrived.text
    for stranger, answer in ((sign_in(alpha, "billing"), 403), (sign_in(beta, "owner"), 404)):
        assert stranger.post(path, {"patient": str(people[2].pk)}).status_code == answer


def test_changing_a_place_opens_the_session(alpha, sign_in, patient, appointment):
    with tenant_scope(alpha):
        kind = AppointmentType.objects.create(name="Class", max_attendees=2)
        head = appointment(NINE, seats=2, appointment_type=kind)
        place = appointment(NINE, patient=patient(), group=head, appointment_type=kind)
    rita = sign_in(alpha, "reception")

    assert "whoever attends comes along" in rita.get(f"/appointments/{place.pk}/edit/").text
    for path in (f"/appointments/{head.pk}/", f"/appointments/{place.pk}/", "/appointments/"):
        assert rita.get(path).status_code == 200
    assert "Show the session" in rita.get(f"/appointments/{place.pk}/drawer/").text


def test_a_walk_in_is_booked_and_has_arrived_with_one_click(alpha, sign_in, patient):
    with tenant_scope(alpha):
        ada = patient()
    form = {"patient": str(ada.pk), "date": DAY, "time": "09:05", "minutes": "30", "is_here": "on"}

    assert sign_in(alpha, "reception").post("/appointments/new/", form).status_code == 302

    with tenant_scope(alpha):
        assert Appointment.objects.get().status == Status.ARRIVED


def test_a_video_visit_shows_its_link_and_a_home_visit_the_address(
    alpha, sign_in, patient, appointment
):
    with tenant_scope(alpha):
        ada = patient()
        Address.objects.create(patient=ada, lines="5 Invented Lane", suburb="Merrigum Bay")
        home = AppointmentType.objects.create(name="Visit", setting="home")
        video = appointment(NINE, patient=ada, video_link="https://video.example.com/a")
        visit = appointment(NINE + timedelta(hours=2), patient=ada, appointment_type=home)
    rita = sign_in(alpha, "reception")

    drawer = rita.get(f"/appointments/{video.pk}/drawer/").text
    assert 'href="https://video.example.com/a" target="_blank" rel="noopener noreferrer"' in drawer
    assert 'data-copy="https://video.example.com/a"' in drawer
    assert "https://video.example.com/a" in rita.get(f"/appointments/?date={DAY}").text
    assert "5 Invented Lane, Merrigum Bay" in rita.get(f"/appointments/{visit.pk}/drawer/").text


def test_free_times_are_offered_in_the_form(alpha, sign_in):
    with tenant_scope(alpha):
        cleo = Practitioner.objects.create(name="Cleo Vane")
    rita = sign_in(alpha, "reception")
    assert "No weekly hours" in rita.get("/appointments/diary/openings/").text
    with tenant_scope(alpha):
        for weekday in range(7):
            RosterHours.objects.create(
                practitioner=cleo, weekday=weekday, starts="09:00", ends="10:00"
            )

    offered = rita.get("/appointments/diary/openings/?minutes=45").text

    assert "Cleo Vane" in offered
    assert f'data-practitioner="{cleo.pk}"' in offered
    assert rita.get("/appointments/diary/openings/?date=nonsense&minutes=x").status_code == 200


def test_each_person_has_their_own_columns_at_each_location(alpha, sign_in, appointment):
    with tenant_scope(alpha):
        place = Location.objects.create(name="Harbour")
        names = [Practitioner.objects.create(name=name) for name in ("Ann", "Bob", "Cat")]
        ann, bob, cat = names
        RosterHours.objects.create(practitioner=ann, weekday=5, starts="09:00", ends="12:00")
        appointment(NINE, practitioner=bob, location=place)
    rita, owner = sign_in(alpha, "reception"), sign_in(alpha, "owner")

    def columns(client, query=""):
        answer = client.get(FEED + query).json()
        return [column["title"] for column in answer["columns"]], answer["hidden"]

    wanted = {
        "location": str(place.pk), "column": [str(cat.pk), str(bob.pk), str(ann.pk)],
        f"show-{cat.pk}": "always", f"show-{bob.pk}": "never", f"show-{ann.pk}": "automatic",
    }  # fmt: skip
    assert columns(rita) == (["Ann", "Bob"], [])
    assert "Ann" in rita.get("/appointments/diary/columns/").text
    assert rita.post("/appointments/diary/columns/", wanted, **DRAWER).status_code == 200

    there = f"&location={place.pk}"
    assert columns(rita, there) == (["Cat", "Ann"], [{"title": "Bob", "visits": 1}])
    assert columns(rita) == (["Ann", "Bob"], [])
    assert columns(owner, there) == (["Ann", "Bob"], [])
    stray = {**wanted, "column": ["nonsense", str(cat.pk), str(cat.pk)], f"show-{cat.pk}": "loud"}
    rita.post("/appointments/diary/columns/", stray, **DRAWER)
    with tenant_scope(alpha):
        assert not DiaryColumn.objects.exists()


def test_the_day_comes_as_a_pdf_and_names_can_be_left_out(
    alpha, sign_in, patient, appointment, monkeypatch
):
    with tenant_scope(alpha):
        cleo = Practitioner.objects.create(name="Cleo Vane", discipline="Podiatry")
        ada = patient("Ada North", phone="0491 570 156", alerts="Allergic to latex")
        appointment(NINE, patient=ada, practitioner=cleo, notes="Bring the referral")
        kind = AppointmentType.objects.create(name="Class", max_attendees=4)
        head = appointment(NINE + timedelta(hours=2), seats=4, appointment_type=kind)
        appointment(NINE + timedelta(hours=2), patient=ada, group=head, appointment_type=kind)
    rita = sign_in(alpha, "reception")
    path = f"/appointments/diary/sheet/?date={DAY}"

    answers = [rita.get(path), rita.get(f"{path}&initials=on&practitioner={cleo.pk}")]

    for answer in answers:
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF")
    written = []
    monkeypatch.setattr(
        "clinical.appointments.sheet.render_pdf",
        lambda _path, content: written.append(content) or b"",
    )
    rita.get(path)
    rita.get(f"{path}&initials=on")
    private = json.dumps(written[1])
    assert "0491 570 156" in json.dumps(written[0])
    assert "Allergic to latex" in json.dumps(written[0])
    for told in ("Ada", "North", "0491", "latex", "referral"):
        assert told not in private
    assert "A.N." in private


def test_a_coordinators_day_on_paper_has_their_participants_only(
    in_alpha, person, patient, appointment, monkeypatch
):
    appointment(NINE, patient=patient("Ada North"))
    cora, written = person("coordinator"), []
    monkeypatch.setattr(
        "clinical.appointments.sheet.render_pdf",
        lambda _path, content: written.append(content) or b"",
    )

    sheet_pdf(
        day_sheet(cora, NINE.date()), actor=cora, clinic=in_alpha, location=None,
        practitioner=None, now=NINE, with_names=True,
    )  # fmt: skip

    assert written[0]["columns"] == []


def test_a_session_with_places_left_names_who_waits_for_just_that(
    alpha, sign_in, patient, appointment
):
    from clinical.appointments.models import WaitingEntry

    with tenant_scope(alpha):
        kind = AppointmentType.objects.create(name="Class", max_attendees=2)
        head = appointment(timezone.now() + timedelta(days=1), seats=2, appointment_type=kind)
        WaitingEntry.objects.create(patient=patient("Ada North"), appointment_type=kind)
        WaitingEntry.objects.create(patient=patient("Bea South"))

    drawer = sign_in(alpha, "reception").get(f"/appointments/{head.pk}/drawer/").text

    assert "Wait for a place like this" in drawer
    assert "Ada North" in drawer
    assert "Bea South" not in drawer
