from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import checks, services, trails
from audit.models import Event
from clinical.practice.models import Location
from tenants.scope import Actor, tenant_scope


@pytest.mark.parametrize("role", ["clinician", "reception", "billing", "coordinator"])
def test_only_those_who_lead_the_clinic_see_the_trail(alpha, sign_in, role):
    client = sign_in(alpha, role)

    assert client.get("/audit/").status_code == 403
    assert client.get("/audit/seals/").status_code == 403
    assert client.post("/audit/verify/").status_code == 403
    with tenant_scope(alpha):
        assert not Event.objects.filter(action="verify").exists()


def test_a_stranger_is_sent_to_sign_in(alpha, sign_in, client):
    answer = client.get("/audit/", headers={"host": alpha.host})

    assert answer.status_code == 302
    assert "/login/" in answer.headers["Location"]


def test_the_page_shows_who_did_what_with_values_before_and_after(alpha, sign_in):
    client = sign_in(alpha, "owner")
    with tenant_scope(alpha, actor=Actor(id="7", label="Alice Adams")):
        place = Location.objects.create(name="North")
        place.name = "South"
        place.save()

    page = client.get("/audit/", {"kind": "practice_location"}).content.decode()

    assert "Alice Adams" in page
    assert re.search(r"<del>North</del>.*<ins>South</ins>", page, re.DOTALL)


def test_looking_at_the_trail_is_itself_on_record(alpha, sign_in):
    client = sign_in(alpha, "admin")

    client.get("/audit/")

    with tenant_scope(alpha):
        event = Event.objects.get(action="view", object_type="audit_event")
        assert event.actor_id == str(client.person.pk)


def test_the_neighbours_owner_sees_nothing_of_it(alpha, beta, sign_in):
    with tenant_scope(alpha):
        Location.objects.create(name="North of Alpha")

    page = sign_in(beta, "owner").get("/audit/").content.decode()

    assert "North of Alpha" not in page


def test_filters_narrow_the_events(alpha, sign_in):
    client = sign_in(alpha, "owner")
    with tenant_scope(alpha, actor=Actor(id=str(client.person.pk), label="Alice")):
        Location.objects.create(name="By Alice")
    with tenant_scope(alpha, actor=Actor(id="other", label="Bob")):
        Location.objects.create(name="By Bob")

    def shown(**filters: str) -> set[str]:
        page = client.get("/audit/", {"kind": "practice_location", **filters}).content.decode()
        return {name for name in ("By Alice", "By Bob") if name in page}

    assert shown() == {"By Alice", "By Bob"}
    assert shown(person=str(client.person.pk)) == {"By Alice"}
    assert shown(person="other") == {"By Bob"}
    assert shown(action="delete") == set()
    assert shown(since="2020-01-01", until="2020-12-31") == set()
    assert shown(since="not a date") == {"By Alice", "By Bob"}


def test_pages_turn_forth_and_back_over_every_event_once(alpha, sign_in, monkeypatch):
    monkeypatch.setattr(
        "audit.selectors.latest_events.__kwdefaults__",
        {
            "after": None,
            "before": None,
            "size": 2,
        },
    )
    client = sign_in(alpha, "owner")
    with tenant_scope(alpha):
        Location.objects.bulk_create(Location(name=f"Place {n}") for n in range(5))

    def turn(address: str) -> tuple[list[str], dict[str, str]]:
        page = client.get(address).content.decode()
        links = {
            rel: href.replace("&amp;", "&")
            for rel, href in re.findall(r'rel="(prev|next)" href="([^"]+)"', page)
        }
        return re.findall(r"<dd>(Place \d)</dd>", page), links

    first, links = turn("/audit/?kind=practice_location")
    second, further = turn(f"/audit/{links['next']}")
    third, last = turn(f"/audit/{further['next']}")
    back, _ = turn(f"/audit/{last['prev']}")

    assert (first, second, third) == (
        ["Place 4", "Place 3"],
        ["Place 2", "Place 1"],
        ["Place 0"],
    )
    assert back == second
    assert ("prev" in links, "next" in last) == (False, False)


def test_an_empty_trail_says_what_will_stand_there(alpha, sign_in):
    page = sign_in(alpha, "owner").get("/audit/", {"kind": "practice_location"})

    assert "No event matches" in page.content.decode()


def test_the_list_asks_as_many_questions_for_three_rows_as_for_one(alpha, sign_in):
    client = sign_in(alpha, "owner")

    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get("/audit/", {"kind": "practice_location"})
        return len(asked)

    with tenant_scope(alpha):
        Location.objects.create(name="First")
    for_one = questions()
    with tenant_scope(alpha):
        Location.objects.bulk_create([Location(name="Second"), Location(name="Third")])

    assert questions() == for_one


def test_verifying_from_the_page_ends_with_its_verdict(alpha, sign_in, mailoutbox):
    client = sign_in(alpha, "owner")

    client.post("/audit/verify/")
    waiting = client.get("/audit/seals/").content.decode()
    checks.check_trail(trails.trail_of(alpha))
    done = client.get("/audit/seals/").content.decode()

    assert "Every hash is being computed anew" in waiting
    assert "hx-get" in waiting
    assert "stand as they were written" in done
    assert "hx-get" not in done


def test_a_trail_that_does_not_verify_is_shown_as_such(alpha, sign_in):
    client = sign_in(alpha, "owner")
    with tenant_scope(alpha):
        services.record(
            "verify",
            object_type="audit_seal",
            result="failed",
            payload={"findings": [{"message": "event 7 is gone"}], "events": 1, "seals": 1},
        )

    page = client.get("/audit/").content.decode()

    assert "The trail was tampered with" in page
    assert "event 7 is gone" in page


@pytest.mark.django_db(databases=["default", "platform"])
def test_the_operators_have_a_trail_of_their_own(sign_in):
    page = sign_in(None, "operator").get("/audit/")

    assert page.status_code == 200
    assert "Audit trail" in page.content.decode()
