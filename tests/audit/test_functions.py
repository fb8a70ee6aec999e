from __future__ import annotations

import json

from django.db import connection, transaction

from accounts.models import User
from audit.functions import WITHHELD
from audit.models import Event
from clinical.patients.models import ContactPoint, Patient
from clinical.practice.models import Location
from tenants.scope import Actor, act_as, tenant_scope


def test_a_new_row_is_recorded_with_all_its_columns_but_the_walls_and_the_generated_ones(
    in_alpha, recorded
):
    patient = Patient.objects.create(given_names="Alice", family_name="Ng")

    [(action, object_id, payload)] = recorded("patients_patient")
    assert (action, object_id) == ("create", str(patient.pk))
    assert payload["after"]["given_names"] == "Alice"
    assert {"tenant_id", "search_name", "sort_name"} & set(payload["after"]) == set()


def test_a_change_is_recorded_as_the_changed_columns_before_and_after(in_alpha, recorded):
    place = Location.objects.create(name="North", phone="1")

    Location.objects.filter(pk=place.pk).update(phone="2", name="North")

    assert recorded("practice_location")[1:] == [
        ("update", str(place.pk), {"before": {"phone": "1"}, "after": {"phone": "2"}})
    ]


def test_a_change_that_changes_nothing_is_no_event(in_alpha, recorded):
    place = Location.objects.create(name="North")

    place.save()

    assert [action for action, _, _ in recorded("practice_location")] == ["create"]


def test_a_deleted_row_is_recorded_as_it_stood(in_alpha, recorded):
    place = Location.objects.create(name="North")
    pk = str(place.pk)

    place.delete()

    action, object_id, payload = recorded("practice_location")[1]
    assert (action, object_id, payload["before"]["name"]) == ("delete", pk, "North")


def test_raw_sql_is_recorded_too(in_alpha, recorded):
    place = Location.objects.create(name="North")

    with connection.cursor() as cursor:
        cursor.execute("UPDATE practice_location SET name = 'South'")

    assert recorded("practice_location")[1:] == [
        ("update", str(place.pk), {"before": {"name": "North"}, "after": {"name": "South"}})
    ]


def test_an_upsert_is_recorded_as_what_it_did_to_each_row(in_alpha, recorded):
    place = Location.objects.create(name="North")
    fresh = Location(name="South")

    Location.objects.bulk_create(
        [Location(id=place.pk, name="East"), fresh],
        update_conflicts=True,
        update_fields=["name"],
        unique_fields=["id"],
    )

    seen = {(action, object_id) for action, object_id, _ in recorded("practice_location")[1:]}
    assert seen == {("update", str(place.pk)), ("create", str(fresh.pk))}


def test_a_row_whose_key_changes_shows_as_one_gone_and_one_come(in_alpha, recorded):
    place = Location.objects.create(name="North")
    other = Location().pk

    Location.objects.filter(pk=place.pk).update(id=other)

    sides = {
        (object_id, payload["before"] is None, payload["after"] is None)
        for _, object_id, payload in recorded("practice_location")[1:]
    }
    assert sides == {(str(place.pk), False, True), (str(other), True, False)}


def test_ten_thousand_rows_in_one_statement_are_ten_thousand_events(in_alpha):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO practice_location (id, name, short_name, colour, phone, address, time_zone,"
            " email, is_active)"
            " SELECT gen_random_uuid(), 'Place ' || i, '', '#4a6fa5', '', '', '', '', true"
            " FROM generate_series(1, 10000) AS i"
        )

    events = Event.objects.filter(object_type="practice_location")
    assert events.count() == 10_000
    assert events.values("object_id").distinct().count() == 10_000


def test_what_is_about_a_patient_names_the_patient(in_alpha):
    patient = Patient.objects.create(given_names="Alice")
    point = ContactPoint.objects.create(patient=patient, kind="mobile", value="0400 000 000")

    about = Event.objects.filter(subject_id=str(patient.pk)).order_by("at")
    assert list(about.values_list("object_type", "object_id")) == [
        ("patients_patient", str(patient.pk)),
        ("patients_contactpoint", str(point.pk)),
    ]


def test_a_password_never_reaches_the_trail(in_alpha, recorded):
    user = User.objects.create(email="alice@example.com", name="Alice", role="owner", password="a")

    user.password = "b"
    user.save()

    [(_, _, made), (_, _, changed)] = recorded("accounts_user")
    assert made["after"]["password"] == WITHHELD
    assert changed == {"before": {"password": WITHHELD}, "after": {"password": WITHHELD}}


def test_an_event_says_who_acted_in_whose_name_and_in_which_request(in_alpha):
    act_as(Actor(id="7", label="Alice", impersonator="Bob of support", request_id="r-1"))

    Location.objects.create(name="North")

    event = Event.objects.get(object_type="practice_location")
    assert (event.actor_id, event.actor_label) == ("7", "Alice")
    assert (event.impersonator, event.request_id, event.result) == ("Bob of support", "r-1", "ok")


def test_the_events_of_one_transaction_share_its_number(in_alpha):
    Location.objects.create(name="North")
    Location.objects.create(name="South")

    events = Event.objects.filter(object_type="practice_location")
    assert events.values("tx").distinct().count() == 1
    assert events.values("at").distinct().count() == 2


def test_what_is_rolled_back_leaves_no_event(in_alpha):
    with transaction.atomic():
        Location.objects.create(name="North")
        transaction.set_rollback(True)

    assert Event.objects.filter(object_type="practice_location").count() == 0


def test_a_clinic_never_sees_its_neighbours_events(alpha, beta):
    with tenant_scope(alpha):
        Location.objects.create(name="North")
    with tenant_scope(beta):
        Location.objects.create(name="South")
        seen = [
            json.loads(event.payload.body)["after"]["name"]
            for event in Event.objects.filter(object_type="practice_location")
        ]

    assert seen == ["South"]


def test_a_superuser_without_a_name_is_recorded_as_the_role(committed, alpha, superuser):
    schema = alpha.schema_name
    superuser.execute("SELECT set_config('rls.tenant_id', %s, false)", [str(alpha.pk)])
    superuser.execute(
        f"INSERT INTO {schema}.practice_location (id, name, short_name, colour, phone, address,"
        " time_zone, email, is_active)"
        " VALUES (gen_random_uuid(), 'x', '', '#4a6fa5', '', '', '', '', true)"
    )
    superuser.execute(f"TRUNCATE {schema}.practice_location CASCADE")

    with tenant_scope(alpha):
        events = Event.objects.filter(object_type="practice_location").order_by("at")
        seen = list(events.values_list("action", "actor_label"))
    role = superuser.info.user
    assert seen == [("create", f"database role {role}"), ("truncate", f"database role {role}")]
