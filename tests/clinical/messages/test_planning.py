"""What is due is queued once: on each place's clocks, by the narrower rule, to whom it may go."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinical.appointments import services
from clinical.appointments.models import Appointment
from clinical.consents.models import ContactPreference
from clinical.messages import opting, planning, sending
from clinical.messages.due import due_between
from clinical.messages.models import Message, MessageTemplate, Reminder, ReminderRule
from clinical.patients.models import ContactPoint
from clinical.practice.models import AppointmentType, Location
from connections.models import Connection, OutboxEntry

SYDNEY = ZoneInfo("Australia/Sydney")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SATURDAY = 5
NOON = datetime(2027, 3, 10, 1, 0, tzinfo=UTC)
"""A Wednesday, noon in Sydney."""


def at(*parts, zone=SYDNEY):
    return datetime(*parts, tzinfo=zone).astimezone(UTC)


@pytest.fixture
def visit(appointment, place):
    """Make a visit that was booked long before: `visit(ada, starts_at)`."""

    def make(patient, starts_at, *, booked_at=None, **fields):
        made = appointment(starts_at, patient=patient, **({"location": place} | fields))
        booked_at = booked_at or starts_at - 60 * DAY
        Appointment.objects.filter(pk=made.pk).update(created_at=booked_at)
        return made

    return make


def sent():
    return list(Message.objects.order_by("id").values_list("channel", "address", "body"))


def test_a_due_reminder_is_queued_once_in_one_go(ada, place, rule, visit):
    rule(body="Hi {{first_name}}, see you at {{location}} on {{day}} at {{time}}.")
    visit(ada, NOON + 2 * DAY)

    assert planning.plan_due(NOON - HOUR) == 0
    assert planning.plan_due(NOON) == 1
    assert planning.plan_due(NOON + HOUR) == 0

    assert sent() == [
        ("sms", "+61491570156", "Hi Ada, see you at Harbour Street on Fri 12 Mar at 12 pm.")
    ]
    entry = OutboxEntry.objects.get()
    assert (entry.kind, entry.not_after) == ("sms.message", NOON + 2 * DAY)
    assert Reminder.objects.get().state == "queued"


def test_a_visit_that_was_moved_is_reminded_of_anew_and_never_twice(ada, rita, rule, visit):
    rule()
    booked = visit(ada, NOON + 2 * DAY)
    planning.plan_due(NOON)
    booked.refresh_from_db()
    services.move_appointment(
        booked, actor=rita, at=NOON, starts_at=NOON + 4 * DAY,
        ends_at=NOON + 4 * DAY + HOUR, practitioner=None,
    )  # fmt: skip
    counts = [planning.plan_due(NOON + hours * HOUR) for hours in (1, 47, 48, 49)]
    services.move_appointment(
        booked, actor=rita, at=NOON, starts_at=NOON + 2 * DAY,
        ends_at=NOON + 2 * DAY + HOUR, practitioner=None,
    )  # fmt: skip

    assert counts == [0, 0, 1, 0]
    assert planning.plan_due(NOON + HOUR) == 0
    assert Reminder.objects.count() == 2


def test_who_needs_none_gets_none(ada, patient, rule, visit):
    rule(notice_hours=24, skips_confirmed=True)
    visit(ada, NOON + 2 * DAY, status="cancelled")
    visit(ada, NOON + 2 * DAY, status="confirmed")
    visit(ada, NOON + 2 * DAY, booked_at=NOON + DAY + HOUR)
    visit(ada, NOON + 2 * DAY, booked_at=NOON + HOUR)
    visit(patient("Old Owl", phone="0491 570 157", is_archived=True), NOON + 2 * DAY)
    visit(None, NOON + 2 * DAY)

    assert planning.plan_due(NOON + 2 * HOUR) == 0
    assert not Reminder.objects.exists()


def test_whoever_cannot_be_texted_gets_the_other_channel_or_a_person_is_told(
    ada, patient, rule, visit
):
    mail = MessageTemplate.objects.create(
        name="By mail", channel="email", subject="Your visit on {{day}}", body="Dear {{first_name}}"
    )
    rule(fallback=mail)
    both = patient("Bo Mail", phone="02 5550 0199")
    ContactPoint.objects.create(patient=both, kind="email", value="bo@example.com")
    stopped = patient("Cy Stop", phone="0491 570 157")
    opting.stop("0491570157", at=NOON, way="reply")
    shy = patient("Di Shy", phone="0491 570 158")
    ContactPreference.objects.create(patient=shy, no_sms=True)
    for one in (ada, both, stopped, shy):
        visit(one, NOON + 2 * DAY)

    assert planning.plan_due(NOON) == 4

    assert {(channel, address) for channel, address, _ in sent()} == {
        ("sms", "+61491570156"),
        ("email", "bo@example.com"),
    }
    assert Message.objects.get(channel="email").subject == "Your visit on Fri 12 Mar"
    assert dict(
        Reminder.objects.filter(state="failed").values_list("patient__given_names", "problem")
    ) == {
        "Cy": "The number has asked for no texts (STOP). No e-mail address is kept.",
        "Di": "The patient wants no texts. No e-mail address is kept.",
    }


def test_without_an_sms_account_texts_are_said_not_to_have_gone(ada, rule, visit):
    rule()
    visit(ada, NOON + 2 * DAY)
    Connection.objects.update(state="off")

    planning.plan_due(NOON)

    assert Reminder.objects.get().problem == "No SMS account is connected."
    assert not Message.objects.exists()


def test_the_narrower_rule_counts(ada, place, rule, visit):
    kind = AppointmentType.objects.create(name="Long visit")
    rule(body="For all")
    rule(body="For all, last minute", amount=3, unit="hours")
    rule(body="For the place", location=place)
    rule(body="For the kind", appointment_type=kind)
    other = Location.objects.create(name="Elsewhere", time_zone="Australia/Sydney")
    for location, of in ((other, None), (place, None), (place, kind)):
        visit(ada, NOON + 2 * DAY, location=location, appointment_type=of)

    planning.plan_due(NOON)
    planning.plan_due(NOON + 2 * DAY - 3 * HOUR)

    assert sorted(body for _, _, body in sent()) == [
        "For all", "For all, last minute", "For the kind", "For the place",
    ]  # fmt: skip


def test_nothing_goes_out_outside_the_window_and_a_night_of_silence_is_made_up_for(
    ada, rule, visit
):
    rule(window_from=time(9), window_until=time(18))
    visit(ada, at(2027, 3, 12, 7, 30))

    assert planning.plan_due(at(2027, 3, 10, 7, 40)) == 0
    assert planning.plan_due(at(2027, 3, 10, 23)) == 0
    assert planning.plan_due(at(2027, 3, 11, 8, 59)) == 0
    assert planning.plan_due(at(2027, 3, 11, 9)) == 1


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    hours=st.integers(0, 24 * 210),
    zone=st.sampled_from(["Australia/Sydney", "Australia/Adelaide", "Australia/Brisbane", "UTC"]),
    how=st.fixed_dictionaries(
        {
            "amount": st.integers(1, 14),
            "unit": st.sampled_from(["days", "hours"]),
            "avoids_weekends": st.booleans(),
        }
    ),
)
def test_the_moment_is_right_on_every_places_clocks(ada, make, hours, zone, how):
    Reminder.objects.all().delete()
    Appointment.objects.all().delete()
    ReminderRule.objects.all().delete()
    made = make.rule(**how)
    where = Location.objects.create(name="There", time_zone=zone)
    starts_at = NOON + 10 * DAY + hours * HOUR + 20 * timedelta(minutes=1)
    make.appointment(starts_at, patient=ada, location=where)

    (due,) = due_between(
        starts_at - 40 * DAY, starts_at, now=starts_at - 40 * DAY, zone="Australia/Sydney"
    )

    local, is_free = due.due_at.astimezone(ZoneInfo(zone)), not how["avoids_weekends"]
    assert made.window_from <= local.time() <= made.window_until
    assert due.due_at < starts_at
    assert is_free or local.weekday() < SATURDAY
    plain = starts_at.astimezone(ZoneInfo(zone)) - timedelta(days=how["amount"])
    if how["unit"] == "days" and is_free:
        assert local.date() == plain.date()
    if how["unit"] == "days" and made.window_from <= plain.time() <= made.window_until:
        assert local.time() == plain.time()


def test_both_changes_of_the_clock_keep_the_time_of_day(ada, rule, visit):
    rule(amount=2)
    spring, autumn = at(2027, 10, 4, 10), at(2027, 4, 5, 10)
    visit(ada, spring)
    visit(ada, autumn)

    found = due_between(autumn - 9 * DAY, spring, now=autumn - 9 * DAY, zone="Australia/Sydney")

    assert [one.due_at for one in found] == [at(2027, 4, 3, 10), at(2027, 10, 2, 10)]


def test_holding_leaving_out_sending_now_and_again(ada, rita, rule, visit):
    made = rule()
    first, second, third = (visit(ada, NOON + 2 * DAY + hours * HOUR) for hours in (0, 1, 2))
    held = planning.set_aside(first.pk, made.pk, actor=rita, at=NOON - DAY)
    planning.set_aside(second.pk, made.pk, actor=rita, at=NOON - DAY, state="skipped")
    planning.send_now(third.pk, made.pk, actor=rita, at=NOON - DAY)
    with pytest.raises(planning.ReminderError):
        planning.send_now(third.pk, made.pk, actor=rita, at=NOON - DAY)
    with pytest.raises(planning.ReminderError):
        planning.set_aside(third.pk, made.pk, actor=rita, at=NOON - DAY)

    assert planning.plan_due(NOON + 4 * HOUR) == 0
    assert Message.objects.count() == 1
    planning.let_go(held, actor=rita, at=NOON + HOUR)
    assert Message.objects.count() == 2

    text = Message.objects.latest("id")
    sending.note_refused(text.pk, "No credit.")
    failed = Reminder.objects.get(state="failed")
    planning.send_again(failed, actor=rita, at=NOON + HOUR)
    assert failed.messages.count() == 2
    with pytest.raises(planning.ReminderError):
        planning.send_again(failed, actor=rita, at=NOON + HOUR)


def test_a_thousand_are_planned_in_a_few_statements(in_alpha, rule, patient, place):
    rule()
    people = [patient(f"Pat {n}", phone=f"0491570{n:03}") for n in range(30)]
    Appointment.objects.bulk_create(
        Appointment(
            patient=one, location=place, starts_at=NOON + 2 * DAY,
            ends_at=NOON + 2 * DAY + HOUR, created_at=NOON - 60 * DAY,
        )
        for one in people
    )  # fmt: skip
    Appointment.objects.update(created_at=NOON - 60 * DAY)

    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert planning.plan_due(NOON) == 30

    statements = [
        one["sql"] for one in asked if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))
    ]
    assert len(statements) <= 14, statements
