from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction

from clinical.appointments.errors import SlotTakenError
from clinical.appointments.models import Appointment
from clinical.appointments.selectors import following_in_series
from clinical.appointments.services import Repeat, book_appointment, change_status, move_appointment
from clinical.practice.clock import LocalTimeError
from clinical.practice.models import Location, Practitioner
from tenants.scope import tenant_scope

SYDNEY = ZoneInfo("Australia/Sydney")
NINE = datetime(2027, 3, 22, 9, tzinfo=SYDNEY)
"""A Monday, two weeks before the clocks go back."""


@pytest.fixture
def place():
    return Location.objects.create(name="North", time_zone="Australia/Sydney")


def starts(series):
    found = Appointment.objects.filter(series_id=series).order_by("starts_at")
    return [f"{item.starts_at.astimezone(SYDNEY):%d %b %H:%M}" for item in found]


def test_a_series_keeps_the_time_of_day_through_a_change_of_the_clock(in_alpha, person, place):
    booked = book_appointment(
        actor=person("reception"), starts_at=NINE, minutes=30, location=place, repeat=Repeat(1, 4)
    )

    assert starts(booked.series_id) == [
        "22 Mar 09:00", "29 Mar 09:00", "05 Apr 09:00", "12 Apr 09:00",
    ]  # fmt: skip


def test_one_visit_is_no_series(in_alpha, person):
    assert book_appointment(actor=person("reception"), starts_at=NINE, minutes=30).series_id is None


def test_a_series_is_booked_whole_or_not_at_all(in_alpha, person, place):
    reception, cleo = person("reception"), Practitioner.objects.create(name="Cleo")
    book_appointment(
        actor=reception, starts_at=NINE + timedelta(weeks=2), minutes=30, practitioner=cleo
    )

    with pytest.raises(SlotTakenError), transaction.atomic():
        book_appointment(
            actor=reception, starts_at=NINE, minutes=30, practitioner=cleo, location=place,
            repeat=Repeat(1, 4),
        )  # fmt: skip

    assert Appointment.objects.count() == 1


def test_a_series_into_an_hour_that_no_clock_shows_is_refused(in_alpha, person, place):
    night = datetime(2027, 9, 26, 2, 30, tzinfo=SYDNEY)

    with pytest.raises(LocalTimeError), transaction.atomic():
        book_appointment(
            actor=person("reception"), starts_at=night, minutes=30, location=place,
            repeat=Repeat(1, 3),
        )  # fmt: skip

    assert Appointment.objects.count() == 0


def test_the_later_ones_move_with_it_and_the_earlier_ones_stay(in_alpha, person, place):
    reception = person("reception")
    series = book_appointment(
        actor=reception, starts_at=NINE, minutes=30, location=place, repeat=Repeat(1, 4)
    ).series_id
    second = Appointment.objects.filter(series_id=series).order_by("starts_at")[1]

    start = second.starts_at + timedelta(days=1, hours=2)
    move_appointment(
        second, actor=reception, at=datetime.now(UTC), starts_at=start,
        ends_at=start + timedelta(minutes=45), practitioner=None, following=True,
    )  # fmt: skip

    assert starts(series) == ["22 Mar 09:00", "30 Mar 11:00", "06 Apr 11:00", "13 Apr 11:00"]
    lengths = {item.ends_at - item.starts_at for item in following_in_series(second)}
    assert lengths == {timedelta(minutes=45)}


def test_the_later_ones_are_cancelled_with_it(in_alpha, person, place):
    reception = person("reception")
    series = book_appointment(
        actor=reception, starts_at=NINE, minutes=30, location=place, repeat=Repeat(2, 3)
    ).series_id
    second = Appointment.objects.filter(series_id=series).order_by("starts_at")[1]

    change_status(
        second, actor=reception, at=datetime.now(UTC), status="cancelled", reason="Moved away",
        following=True,
    )  # fmt: skip

    found = Appointment.objects.filter(series_id=series).order_by("starts_at")
    assert [item.status for item in found] == ["booked", "cancelled", "cancelled"]


def test_when_each_status_was_reached_is_kept(in_alpha, person):
    reception = person("reception")
    item = book_appointment(actor=reception, starts_at=NINE, minutes=30)
    at = datetime(2027, 3, 21, 22, tzinfo=UTC)

    change_status(item, actor=reception, at=at, status="arrived")
    change_status(item, actor=reception, at=at + timedelta(minutes=9), status="in_session")

    item.refresh_from_db()
    assert item.status_times == {
        "arrived": "2027-03-21T22:00:00+00:00",
        "in_session": "2027-03-21T22:09:00+00:00",
    }


def test_who_sees_one_patient_at_a_time_is_not_booked_twice_on_purpose_either(in_alpha, person):
    reception = person("reception")
    cleo = Practitioner.objects.create(name="Cleo", may_be_double_booked=False)
    book_appointment(actor=reception, starts_at=NINE, minutes=30, practitioner=cleo)

    with pytest.raises(SlotTakenError, match="one patient at a time") as refusal:
        book_appointment(
            actor=reception, starts_at=NINE, minutes=30, practitioner=cleo, may_clash=True
        )

    assert refusal.value.is_final


def test_a_cancelled_visit_makes_room_and_cannot_come_back_over_another(in_alpha, person):
    reception = person("reception")
    cleo = Practitioner.objects.create(name="Cleo", may_be_double_booked=False)
    first = book_appointment(actor=reception, starts_at=NINE, minutes=30, practitioner=cleo)
    change_status(first, actor=reception, at=datetime.now(UTC), status="cancelled")
    book_appointment(actor=reception, starts_at=NINE, minutes=30, practitioner=cleo)

    with pytest.raises(SlotTakenError), transaction.atomic():
        change_status(first, actor=reception, at=datetime.now(UTC), status="booked")


def test_the_database_itself_keeps_visits_apart(in_alpha):
    cleo = Practitioner.objects.create(name="Cleo")
    span = {"practitioner": cleo, "starts_at": NINE, "is_exclusive": True}
    Appointment.objects.create(**span, ends_at=NINE + timedelta(minutes=30))

    with pytest.raises(IntegrityError, match="not_twice"), transaction.atomic():
        Appointment.objects.create(**span, ends_at=NINE + timedelta(minutes=5))


@pytest.mark.committed
def test_of_two_who_book_at_once_one_is_told(alpha, committed, person):
    with tenant_scope(alpha):
        cleo = Practitioner.objects.create(name="Cleo", may_be_double_booked=False)
        people = [person("reception"), person("clinician")]
    start, said = Barrier(2), []

    def book(who):
        try:
            with tenant_scope(alpha):
                start.wait()
                book_appointment(actor=who, starts_at=NINE, minutes=30, practitioner=cleo)
                said.append("booked")
        except SlotTakenError as refusal:
            said.append(str(refusal))
        finally:
            connection.close()

    threads = [Thread(target=book, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(text[:6] for text in said) == ["This t", "booked"]
    with tenant_scope(alpha):
        assert Appointment.objects.count() == 1
