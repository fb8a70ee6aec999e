"""What is told when rows change: one word a statement, on commit, and never what was written."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.conf import settings
from django.db import transaction

from accounts.models import Session, User
from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from events.messages import CHANNEL
from events.services import UnknownTopicError, publish, publish_to_user
from tenants.scope import tenant_scope

pytestmark = pytest.mark.usefixtures("committed")

NINE = datetime(2027, 3, 8, 22, tzinfo=UTC)


@contextmanager
def told(channel: str = CHANNEL):
    """Collect what is said on the channel while the block runs, without being the relay."""
    heard: list[dict[str, object]] = []
    with psycopg.connect(settings.EVENTS_DATABASE_URL, autocommit=True) as raw:
        raw.execute(f"LISTEN {channel}")
        yield heard
        raw.execute("SELECT 1")
        heard += [json.loads(notify.payload) for notify in raw.notifies(timeout=0)]


def book(**facts: object) -> Appointment:
    starts = facts.pop("starts_at", NINE)
    return Appointment.objects.create(
        starts_at=starts, ends_at=starts + timedelta(minutes=30), **facts
    )


def test_a_booking_tells_the_day_and_nothing_else(alpha):
    with told() as heard, tenant_scope(alpha):
        patient = Patient.objects.create(given_names="Ada", family_name="Told")
        book(patient=patient, notes="sore knee")

    assert heard == [
        {"tenant": alpha.pk, "topic": "diary", "from": "2027-03-08", "until": "2027-03-08"}
    ]


def test_a_move_tells_both_days_and_a_deletion_the_one(alpha):
    with tenant_scope(alpha):
        visit = book()

    with told() as moved, tenant_scope(alpha):
        Appointment.objects.filter(pk=visit.pk).update(
            starts_at=NINE + timedelta(days=3), ends_at=NINE + timedelta(days=3, hours=1)
        )
    with told() as deleted, tenant_scope(alpha):
        visit.delete()

    assert [(one["from"], one["until"]) for one in moved] == [("2027-03-08", "2027-03-11")]
    assert [(one["from"], one["until"]) for one in deleted] == [("2027-03-11", "2027-03-11")]


def test_many_rows_are_one_word_and_years_of_them_name_no_days(alpha):
    def rows(number: int):
        return [
            Appointment(
                starts_at=NINE + timedelta(days=day), ends_at=NINE + timedelta(days=day, hours=1)
            )
            for day in range(number)
        ]

    with told() as month, tenant_scope(alpha):
        Appointment.objects.bulk_create(rows(30))
    with told() as years, tenant_scope(alpha):
        Appointment.objects.bulk_create(rows(900))
        Appointment.objects.bulk_create(rows(900))

    assert [(one["from"], one["until"]) for one in month] == [("2027-03-08", "2027-04-06")]
    assert years == [{"tenant": alpha.pk, "topic": "diary"}]


def test_what_touches_no_row_and_what_is_taken_back_is_not_told(alpha):
    with told() as heard:
        with tenant_scope(alpha):
            Appointment.objects.filter(notes="nobody's").update(notes="x")
        with tenant_scope(alpha):
            book()
            publish("diary")
            transaction.set_rollback(True)

    assert heard == []


def test_an_ended_session_and_a_changed_person_are_told_to_the_server(alpha):
    now = datetime.now(UTC)
    with tenant_scope(alpha):
        user = User.objects.create(email="x@alpha.example", name="X", role="reception")
        Session.objects.create(
            key_digest="1" * 64, user=user, data="", created_at=now, last_seen_at=now,
            expires_at=now + timedelta(hours=1),
        )  # fmt: skip

    with told() as ended, tenant_scope(alpha):
        Session.objects.all().delete()
    with told() as changed, tenant_scope(alpha):
        User.objects.filter(pk=user.pk).update(is_active=False)

    word = {"tenant": alpha.pk, "topic": "account", "user": str(user.pk)}
    assert (ended, changed) == ([word], [word])


def test_each_clinics_function_names_its_own_clinic(alpha, beta):
    with told() as heard:
        for clinic in (alpha, beta):
            with tenant_scope(clinic):
                book()
                publish("diary")
                publish_to_user("019b0000-0000-7000-8000-000000000000", "notices")

    assert [one["tenant"] for one in heard] == [alpha.pk] * 3 + [beta.pk] * 3


def test_a_topic_nobody_could_hear_is_refused(in_alpha):
    with pytest.raises(UnknownTopicError):
        publish("notices")
    with pytest.raises(UnknownTopicError):
        publish_to_user("019b0000-0000-7000-8000-000000000000", "gossip")
