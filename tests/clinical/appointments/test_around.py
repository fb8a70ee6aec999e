"""What surrounds a visit: buffers, the road, the video room, and the free times that are left."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from clinical.appointments import errors, services
from clinical.appointments.diary import around_of, hours_of
from clinical.appointments.forms import AppointmentForm
from clinical.appointments.models import Appointment
from clinical.appointments.openings import Wanted, free_times
from clinical.appointments.selectors import visit_of
from clinical.practice.models import AppointmentType, Location, Practitioner, RosterHours

NINE = datetime(2026, 11, 20, 22, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SYDNEY = ZoneInfo("Australia/Sydney")
Setting = AppointmentType.Setting


@pytest.fixture
def cleo(in_alpha):
    return Practitioner.objects.create(
        name="Cleo", may_be_double_booked=False, room_link="https://video.example.com/cleo"
    )


@pytest.fixture
def olive(in_alpha, person):
    return person("owner")


def book(olive, cleo, start, minutes=30, **more):
    return services.book_appointment(
        actor=olive, starts_at=start, minutes=minutes, practitioner=cleo, **more
    )


def test_a_buffer_keeps_the_next_visit_away_and_the_patient_is_free(olive, cleo, patient):
    kind = AppointmentType.objects.create(name="Cast", buffer_before=10, buffer_after=15)
    ada = patient()
    first = book(olive, cleo, NINE, appointment_type=kind, patient=ada)

    for start in (NINE + 40 * MINUTE, NINE - 35 * MINUTE):
        with pytest.raises(errors.SlotTakenError) as refused:
            book(olive, cleo, start, may_clash=True)
        assert (refused.value.clashes, refused.value.is_final) == ([first], True)
    book(olive, cleo, NINE + 45 * MINUTE)
    book(olive, cleo, NINE - 40 * MINUTE)
    other = Practitioner.objects.create(name="Dan")
    book(olive, other, NINE + 30 * MINUTE, patient=ada)


def test_the_database_counts_buffer_and_road_too(in_alpha, cleo):
    columns = {"practitioner": cleo, "is_exclusive": True}
    Appointment.objects.create(
        starts_at=NINE, ends_at=NINE + 30 * MINUTE, buffer_after=10, travel_after=20, **columns
    )

    with pytest.raises(IntegrityError, match="not_twice"), transaction.atomic():
        Appointment.objects.create(
            starts_at=NINE + 55 * MINUTE, ends_at=NINE + 80 * MINUTE, **columns
        )
    Appointment.objects.create(starts_at=NINE + 60 * MINUTE, ends_at=NINE + 80 * MINUTE, **columns)


def test_the_road_stays_with_the_visit_when_it_moves(olive, cleo):
    visit = book(olive, cleo, NINE, way=services.Way(travel_before=25, travel_after=20))

    services.move_appointment(
        visit, actor=olive, at=NINE, starts_at=NINE + 60 * MINUTE, ends_at=NINE + 90 * MINUTE,
        practitioner=cleo,
    )  # fmt: skip

    visit.refresh_from_db()
    assert (visit.busy_from, visit.busy_until) == (NINE + 35 * MINUTE, NINE + 110 * MINUTE)


def test_what_surrounds_a_visit_is_drawn_beside_it_and_makes_the_grid_grow(olive, cleo):
    kind = AppointmentType.objects.create(name="Cast", buffer_after=10)
    visit = book(
        olive, cleo, NINE - 120 * MINUTE, appointment_type=kind,
        way=services.Way(travel_before=20),
    )  # fmt: skip

    with timezone.override(SYDNEY):
        drawn = around_of(visit_of(visit))
        assert hours_of([visit_of(visit)]) == (6, 19)

    assert [(one["start"][11:], one["end"][11:], one["extendedProps"]["around"]) for one in drawn] == [
        ("06:40", "07:00", "travel"), ("07:30", "07:40", "buffer"),
    ]  # fmt: skip


def test_a_video_visit_gets_the_clinicians_room_and_the_next_clinicians_when_it_moves(olive, cleo):
    kind = AppointmentType.objects.create(name="Review", setting=Setting.TELEHEALTH)
    dan = Practitioner.objects.create(name="Dan", room_link="https://video.example.com/dan")
    visit = book(olive, cleo, NINE, appointment_type=kind)
    own = book(
        olive, cleo, NINE + 60 * MINUTE, appointment_type=kind,
        way=services.Way(video_link="https://elsewhere.example/1"),
    )  # fmt: skip

    for one in (visit, own):
        services.move_appointment(
            one, actor=olive, at=NINE, starts_at=one.starts_at, ends_at=one.ends_at,
            practitioner=dan,
        )  # fmt: skip

    assert visit.video_link == "https://video.example.com/dan"
    assert own.video_link == "https://elsewhere.example/1"


@pytest.mark.parametrize(
    "link", ["http://video.example.com/a", "javascript:alert(1)", "https://", "ftp://a.example"]
)
def test_a_link_that_is_no_https_address_is_refused(olive, link):
    form = AppointmentForm({"date": "2026-11-23", "time": "10:00", "video_link": link}, actor=olive)

    assert list(form.errors) == ["video_link"]


def test_the_database_keeps_links_that_are_not_https_out(in_alpha):
    with pytest.raises(IntegrityError, match="video_link"), transaction.atomic():
        Appointment.objects.create(
            starts_at=NINE, ends_at=NINE + MINUTE, video_link="javascript:alert(1)"
        )


def roster(cleo, starts, ends, **more):
    return RosterHours.objects.create(
        practitioner=cleo, weekday=0, starts=starts, ends=ends, **more
    )


def test_free_times_lie_in_the_roster_beside_what_is_booked_with_what_it_needs(olive, cleo):
    monday = date(2026, 11, 23)
    with timezone.override(SYDNEY):
        roster(cleo, time(9), time(11))
        nine = datetime(2026, 11, 22, 22, tzinfo=UTC)
        kind = AppointmentType.objects.create(name="Cast", buffer_after=15)
        book(olive, cleo, nine + 30 * MINUTE, appointment_type=kind)

        found = free_times(Wanted(minutes=30, after=0, practitioner=cleo), first=monday, now=NINE)
        with_buffer = free_times(
            Wanted(minutes=30, after=15, practitioner=cleo), first=monday, now=NINE
        )

    def clocks(openings):
        return [f"{one.starts:%H:%M}" for one in openings if one.starts.date() == monday]

    assert clocks(found) == ["09:00", "10:15", "10:30"]
    assert clocks(with_buffer) == ["10:15", "10:30"]


def test_free_times_are_those_of_the_places_clocks_when_they_change(in_alpha, cleo):
    place = Location.objects.create(name="Sydney", time_zone="Australia/Sydney")
    RosterHours.objects.create(
        practitioner=cleo, location=place, weekday=6, starts=time(1, 30), ends=time(4)
    )
    spring = date(2026, 10, 4)

    found = free_times(
        Wanted(minutes=30, location=place), first=spring,
        now=datetime(2026, 10, 1, tzinfo=UTC),
    )  # fmt: skip

    first = [one.starts for one in found if one.starts.date() == spring]
    assert [f"{one:%H:%M %Z}" for one in first] == ["01:30 AEST", "03:00 AEDT", "03:30 AEDT"]


def test_what_is_over_is_no_free_time_and_no_roster_means_none(in_alpha, cleo):
    with timezone.override(SYDNEY):
        roster(cleo, time(9), time(10))
        late = datetime(2026, 11, 22, 22, 20, tzinfo=UTC)

        found = free_times(Wanted(minutes=30), first=date(2026, 11, 23), now=late)
        dan = Practitioner.objects.create(name="Dan")

        assert f"{found[0].starts:%H:%M}" == "09:30"
        assert (
            free_times(Wanted(minutes=30, practitioner=dan), first=date(2026, 11, 23), now=late)
            == []
        )
