from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinical.appointments.models import Appointment
from clinical.appointments.statuses import Status
from clinical.practice.models import Location, Practitioner
from tenants.scope import tenant_scope

NINE = datetime(2026, 11, 20, 22, tzinfo=UTC)
"""Nine in the morning of 21 November 2026 in Sydney."""
DAY = "?date=2026-11-21&until=2026-11-21"
FEED = f"/appointments/diary/feed/{DAY}"


def moved(item: Appointment, **changes):
    """What the page sends for a block dropped at ten with the same clinician."""
    return {
        "start": "2026-11-21T10:00",
        "end": "2026-11-21T10:30",
        "practitioner": str(item.practitioner_id or ""),
        "seen": item.changed_at.isoformat(),
        **changes,
    }


def test_the_grid_gets_blocks_and_columns_in_the_places_time(
    alpha, beta, sign_in, patient, appointment
):
    for clinic, name in ((alpha, "Ada North"), (beta, "Bea South")):
        with tenant_scope(clinic):
            cleo = Practitioner.objects.create(name="Cleo Vane")
            appointment(NINE, patient=patient(name), practitioner=cleo)

    found = sign_in(alpha, "reception").get(FEED).json()

    assert [event["title"] for event in found["events"]] == ["Ada North"]
    assert found["events"][0]["start"] == "2026-11-21T09:00"
    assert [column["title"] for column in found["columns"]] == ["Cleo Vane"]


def test_the_grid_grows_to_what_lies_outside_the_usual_hours(alpha, sign_in, appointment):
    with tenant_scope(alpha):
        appointment(NINE - timedelta(hours=4))
        appointment(NINE + timedelta(hours=12), minutes=45)

    assert sign_in(alpha, "reception").get(FEED).json()["hours"] == [5, 22]


@pytest.mark.parametrize("asked", ["", "?date=2026-11-21", "?date=2026-11-21&until=2028-01-01"])
def test_a_span_that_makes_no_sense_is_refused_in_words(alpha, sign_in, asked):
    answer = sign_in(alpha, "reception").get(f"/appointments/diary/feed/{asked}")

    assert answer.status_code == 422
    assert "days" in answer.json()["detail"]


def test_the_version_differs_after_every_change(alpha, sign_in, appointment):
    client = sign_in(alpha, "reception")

    def version():
        return client.get(f"/appointments/diary/version/{DAY}").json()["version"]

    seen = [version()]
    with tenant_scope(alpha):
        item = appointment(NINE)
    seen.append(version())
    client.post(f"/appointments/{item.pk}/move/", moved(item))
    seen.append(version())
    with tenant_scope(alpha):
        Appointment.objects.all().delete()
    seen.append(version())

    assert len(set(seen[:3])) == 3
    assert seen[3] == seen[0]


def test_a_dropped_block_moves(alpha, sign_in, patient, appointment):
    with tenant_scope(alpha):
        cleo = Practitioner.objects.create(name="Cleo Vane")
        item = appointment(NINE, patient=patient())

    answer = sign_in(alpha, "reception").post(
        f"/appointments/{item.pk}/move/", moved(item, practitioner=str(cleo.pk))
    )

    assert answer.json()["event"]["start"] == "2026-11-21T10:00"
    with tenant_scope(alpha):
        item.refresh_from_db()
    assert (item.starts_at, item.practitioner_id) == (NINE + timedelta(hours=1), cleo.pk)


def test_a_taken_time_answers_with_what_is_there(alpha, sign_in, patient, appointment):
    with tenant_scope(alpha):
        cleo = Practitioner.objects.create(name="Cleo Vane")
        item = appointment(NINE, patient=patient("Ada North"), practitioner=cleo)
        appointment(NINE + timedelta(hours=1), patient=patient("Ben West"), practitioner=cleo)
    client = sign_in(alpha, "reception")

    refused = client.post(f"/appointments/{item.pk}/move/", moved(item))
    on_purpose = client.post(f"/appointments/{item.pk}/move/", moved(item, may_clash="on"))

    assert (refused.status_code, refused.json()["reason"]) == (409, "taken")
    assert refused.json()["clashes"] == ["10:00 AM: Ben West with Cleo Vane"]
    assert on_purpose.status_code == 200


def test_who_was_slower_is_told_and_nothing_is_overwritten(alpha, sign_in, appointment):
    with tenant_scope(alpha):
        item = appointment(NINE)
    client = sign_in(alpha, "reception")
    client.post(f"/appointments/{item.pk}/move/", moved(item))

    late = client.post(f"/appointments/{item.pk}/move/", moved(item, start="2026-11-21T08:00"))

    assert (late.status_code, late.json()["reason"]) == (409, "changed")
    with tenant_scope(alpha):
        item.refresh_from_db()
    assert item.starts_at == NINE + timedelta(hours=1)


@pytest.mark.parametrize(
    "change",
    [
        {"start": "nonsense"},
        {"start": "0001-01-01T00:00"},
        {"end": "2026-11-21T09:00"},
        {"end": "2026-11-24T09:00"},
        {"practitioner": "00000000-0000-0000-0000-000000000009"},
        {"seen": ""},
        {"start": "2026-10-04T02:30", "end": "2026-10-04T03:30"},
    ],
    ids=["no time", "long ago", "ends first", "days long", "nobody", "unseen", "skipped hour"],
)
def test_a_place_that_makes_no_sense_is_refused_in_words(alpha, sign_in, appointment, change):
    with tenant_scope(alpha):
        item = appointment(NINE)

    answer = sign_in(alpha, "reception").post(
        f"/appointments/{item.pk}/move/", moved(item, **change)
    )

    assert answer.status_code in {409, 422}
    assert answer.json()["detail"]


def test_a_visit_that_took_place_stays(alpha, sign_in, patient, appointment):
    with tenant_scope(alpha):
        item = appointment(NINE, patient=patient(), status=Status.COMPLETED)

    answer = sign_in(alpha, "reception").post(f"/appointments/{item.pk}/move/", moved(item))

    assert answer.status_code == 422
    assert "stays where it is" in answer.json()["detail"]


def test_billing_looks_and_does_not_move(alpha, sign_in, appointment):
    with tenant_scope(alpha):
        item = appointment(NINE)
    client = sign_in(alpha, "billing")

    assert client.get(FEED).status_code == 200
    assert client.post(f"/appointments/{item.pk}/move/", moved(item)).status_code == 403
    assert '"mayChange": false' in client.get("/appointments/diary/").text


def test_the_drawer_shows_who_and_what_comes_next(alpha, sign_in, patient, appointment):
    with tenant_scope(alpha):
        ada = patient("Ada North", phone="0491 570 156", alerts="Latex")
        item = appointment(NINE, patient=ada)
        appointment(NINE + timedelta(days=7), patient=ada)

    page = sign_in(alpha, "reception").get(f"/appointments/{item.pk}/drawer/").text

    assert "Latex" in page
    assert "tel:0491570156" in page
    assert "Sat 28 Nov 2026" in page


def test_the_form_in_the_drawer_says_that_it_is_done(alpha, sign_in):
    answer = sign_in(alpha, "reception").post(
        "/appointments/new/",
        {"date": "2026-11-21", "time": "09:00", "notes": "Staff meeting"},
        headers={"HX-Request": "true", "HX-Target": "diary-drawer"},
    )

    assert answer.status_code == 200
    assert {"diary:changed", "diary:close", "nexus:toast"} == set(
        json.loads(answer.headers["HX-Trigger"])
    )


def test_the_grid_asks_as_often_for_forty_blocks_as_for_one(alpha, sign_in, patient, appointment):
    client = sign_in(alpha, "reception")
    counts = []
    for number in (1, 39):
        with tenant_scope(alpha):
            place = Location.objects.create(name=f"Place {number}")
            cleo = Practitioner.objects.create(name=f"Cleo {number}")
            for step in range(number):
                appointment(
                    NINE + timedelta(minutes=step),
                    patient=patient(f"Ada {number} {step}"),
                    practitioner=cleo,
                    location=place,
                )
        with CaptureQueriesContext(connection) as queries:
            client.get(FEED)
        counts.append(len(queries))

    assert counts[0] == counts[1] < 20


def test_the_version_is_asked_before_the_visits(alpha, sign_in, patient, appointment):
    """What is booked between the two questions must make the next look see a difference."""
    with tenant_scope(alpha):
        appointment(NINE, patient=patient())
    client = sign_in(alpha, "reception")

    with CaptureQueriesContext(connection) as queries:
        client.get(FEED)

    asked = [query["sql"] for query in queries if "appointments_appointment" in query["sql"]]
    assert "MAX(" in asked[0]
    assert not any("MAX(" in sql for sql in asked[1:])
