from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import Http404
from django.utils import timezone

from clinical.appointments import selectors
from clinical.appointments.statuses import Status
from clinical.patients.models import CoordinatorAssignment
from clinical.practice.models import Location, Practitioner

SYDNEY = ZoneInfo("Australia/Sydney")
DAY = date(2026, 11, 21)


@pytest.fixture(autouse=True)
def _clinic_time():
    with timezone.override(SYDNEY):
        yield


def at(hour: int, minute: int = 0, *, day: date = DAY, zone: ZoneInfo = SYDNEY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)


def test_a_day_has_a_column_for_each_clinician_and_one_for_none(in_alpha, person, appointment):
    zoe, adam = (Practitioner.objects.create(name=name) for name in ("zoe", "Adam"))
    late = appointment(at(11), practitioner=zoe)
    early = appointment(at(9), practitioner=zoe)
    his = appointment(at(10), practitioner=adam)
    nobodys = appointment(at(8))
    appointment(at(9, day=DAY + timedelta(days=1)), practitioner=zoe)
    appointment(at(23, 59, day=DAY - timedelta(days=1)), practitioner=zoe)

    sheet = selectors.day_sheet(person("owner"), DAY)

    assert [
        (column.practitioner, [visit.appointment for visit in column.visits])
        for column in sheet.columns
    ] == [(adam, [his]), (zoe, [early, late]), (None, [nobodys])]
    assert sheet.total == 4


def test_a_day_of_one_location_counts_the_others_too(in_alpha, person, appointment):
    north, south = (Location.objects.create(name=name) for name in ("North", "South"))
    here = appointment(at(9), location=north)
    appointment(at(10), location=south)
    appointment(at(11))

    sheet = selectors.day_sheet(person("owner"), DAY, location=north)
    nowhere = selectors.day_sheet(person("owner", name="Other"), DAY, without_location=True)

    assert [v.appointment for c in sheet.columns for v in c.visits] == [here]
    assert sheet.by_location == Counter({north.pk: 1, south.pk: 1, None: 1})
    assert nowhere.total == 1


def test_a_closed_location_has_a_tab_on_days_with_appointments(in_alpha, person, appointment):
    closed = Location.objects.create(name="Old", is_active=False)
    owner = person("owner")

    before = selectors.day_sheet(owner, DAY)
    appointment(at(9), location=closed)
    after = selectors.day_sheet(owner, DAY)

    assert (before.locations, after.locations) == ([], [closed])


def test_cancelled_and_blocked_time_is_not_counted_as_seen(in_alpha, person, patient, appointment):
    ada = patient()
    appointment(at(9), patient=ada)
    appointment(at(10), patient=ada, status=Status.CANCELLED)
    appointment(at(11))

    (column,) = selectors.day_sheet(person("owner"), DAY).columns

    assert (column.seen, len(column.visits)) == (1, 3)


@pytest.mark.parametrize("day", [date(2026, 10, 4), date(2027, 4, 4)])
def test_the_days_when_clocks_change_hold_their_first_and_last_hour(
    in_alpha, person, appointment, day
):
    first, last = appointment(at(0, 5, day=day)), appointment(at(23, 50, day=day))
    appointment(at(23, 50, day=day - timedelta(days=1)))
    appointment(at(0, 5, day=day + timedelta(days=1)))

    (column,) = selectors.day_sheet(person("owner"), day).columns

    assert [visit.appointment for visit in column.visits] == [first, last]
    assert [visit.starts.hour for visit in column.visits] == [0, 23]


def test_an_appointment_stands_on_the_day_of_its_own_place(in_alpha, person, appointment):
    perth = ZoneInfo("Australia/Perth")
    west = Location.objects.create(name="Perth", time_zone="Australia/Perth")
    late = appointment(at(22, zone=perth), location=west)
    appointment(at(23, day=DAY - timedelta(days=1), zone=perth), location=west)

    (column,) = selectors.day_sheet(person("owner"), DAY).columns

    (visit,) = column.visits
    assert (visit.appointment, visit.starts.hour, visit.is_foreign) == (late, 22, True)


def test_a_coordinator_sees_the_appointments_of_assigned_participants_only(
    in_alpha, person, patient, appointment
):
    coordinator, mine = person("coordinator"), patient("Ada North")
    CoordinatorAssignment.objects.create(user=coordinator, patient=mine)
    visible = appointment(at(9), patient=mine)
    hidden = appointment(at(10), patient=patient("Bea South"))
    appointment(at(11))

    sheet = selectors.day_sheet(coordinator, DAY)

    assert [v.appointment for c in sheet.columns for v in c.visits] == [visible]
    assert sum(sheet.by_location.values()) == 1
    with pytest.raises(Http404):
        selectors.get_appointment(coordinator, hidden.pk)


def test_a_patients_appointments_are_to_come_or_past(in_alpha, person, patient, appointment):
    ada, now = patient(), at(12)
    running = appointment(at(11, 45), patient=ada)
    later = appointment(at(15), patient=ada)
    older, newer = appointment(at(8), patient=ada), appointment(at(9), patient=ada)

    found = selectors.appointments_of(person("owner"), ada, now=now.astimezone(UTC))

    assert (found.upcoming, found.past, found.total) == ([running, later], [newer, older], 4)
