"""Group sessions: places, steps, and what the rest of the practice sees of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connections, transaction

from clinical.appointments import errors, groups, services
from clinical.appointments.models import Appointment
from clinical.appointments.selectors import appointments_of, arrivals, clashes_with, day_sheet
from clinical.appointments.statuses import Status
from clinical.appointments.timeline import SOURCE
from clinical.practice.models import AppointmentType, Practitioner
from tenants.scope import tenant_scope

NINE = datetime(2026, 11, 20, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def session(in_alpha, person):
    """An hour for three with Cleo, who sees one at a time."""
    cleo = Practitioner.objects.create(name="Cleo", may_be_double_booked=False)
    kind = AppointmentType.objects.create(name="Balance class", max_attendees=3)
    return services.book_appointment(
        actor=person("owner"), starts_at=NINE, minutes=60, practitioner=cleo, appointment_type=kind
    )


@pytest.fixture
def join(session, person):
    rita = person("reception")

    def give_a_place(patient, **choices):
        return groups.add_attendee(session, actor=rita, at=NINE, patient=patient, **choices)

    return give_a_place


def test_a_type_for_several_makes_a_session_that_patients_join(session, join, patient):
    ada = join(patient("Ada North"))

    assert (session.seats, session.patient) == (3, None)
    assert (ada.group, ada.practitioner, ada.starts_at) == (session, session.practitioner, NINE)


def test_above_the_maximum_the_next_is_refused_in_words(session, join, patient):
    for name in ("Ada North", "Bea South", "Cy East"):
        join(patient(name))

    with pytest.raises(errors.SessionFullError, match="All 3 places of this session are taken"):
        join(patient("Dot West"))

    assert groups.taken_seats(session) == 3


def test_a_place_that_is_given_up_is_free_and_can_be_taken_back(session, join, patient, person):
    rita, dot = person("reception", name="Rita"), patient("Dot West")
    ada = join(patient("Ada North"))
    for name in ("Bea South", "Cy East"):
        join(patient(name))
    services.change_status(ada, actor=rita, at=NINE, status=Status.CANCELLED, reason="Ill")

    join(dot)
    with pytest.raises(errors.SessionFullError):
        services.change_status(ada, actor=rita, at=NINE, status=Status.BOOKED)
    services.change_status(
        Appointment.objects.get(patient=dot), actor=rita, at=NINE, status=Status.CANCELLED
    )
    again = join(ada.patient)

    assert (again.pk, again.status, again.cancel_reason) == (ada.pk, Status.BOOKED, "")


def test_nobody_attends_twice(session, join, patient):
    ada = patient("Ada North")
    join(ada)

    with pytest.raises(errors.AlreadyAttendsError, match="Ada North attends this session already"):
        join(ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        Appointment.objects.create(patient=ada, group=session, starts_at=NINE, ends_at=NINE + HOUR)


def test_who_is_elsewhere_then_is_asked_about(session, join, patient, appointment):
    ada = patient("Ada North")
    elsewhere = appointment(NINE, patient=ada)

    with pytest.raises(errors.SlotTakenError) as refused:
        join(ada)
    join(ada, may_clash=True)

    assert refused.value.clashes == [elsewhere]


def test_booking_a_patient_joins_the_session_that_is_there(session, person, patient):
    ada = patient("Ada North")

    booked = services.book_appointment(
        actor=person("reception"), starts_at=NINE, minutes=60, patient=ada,
        practitioner=session.practitioner, appointment_type=session.appointment_type,
    )  # fmt: skip

    assert booked == session
    assert Appointment.objects.get(patient=ada).group == session


def test_a_series_of_sessions_keeps_a_place_in_each(in_alpha, person, patient):
    kind = AppointmentType.objects.create(name="Balance class", max_attendees=3)
    ada, owner, at = patient("Ada North"), person("owner"), NINE
    first = services.book_appointment(
        actor=owner, starts_at=NINE, minutes=60, appointment_type=kind, patient=ada,
        repeat=services.Repeat(1, 3),
    )  # fmt: skip

    groups.add_attendee(first, actor=owner, at=at, patient=patient("Bea South"), following=True)

    assert Appointment.objects.filter(seats=3).count() == 3
    assert Appointment.objects.filter(patient=ada).count() == 3
    assert Appointment.objects.filter(patient__family_name="South").count() == 3


def test_the_session_holds_the_clinician_and_its_places_do_not(session, join, patient, person):
    bea = patient("Bea South")
    join(patient("Ada North"))
    join(bea)

    assert clashes_with(session) == []
    with pytest.raises(errors.SlotTakenError) as refused:
        services.book_appointment(
            actor=person("owner", name="Olive"), starts_at=NINE, minutes=30, may_clash=True,
            practitioner=session.practitioner, patient=patient("Eve Gray"),
        )  # fmt: skip
    assert (refused.value.clashes, refused.value.is_final) == ([session], True)
    with pytest.raises(IntegrityError, match="not_twice"), transaction.atomic():
        Appointment.objects.create(
            practitioner=session.practitioner, starts_at=NINE, ends_at=NINE + HOUR,
            is_exclusive=True,
        )  # fmt: skip


def test_a_session_that_moves_takes_everyone_along_and_one_place_alone_stays(
    session, join, patient, person
):
    ada, rita = join(patient("Ada North")), person("reception", name="Rita")
    to = {"starts_at": NINE + HOUR, "ends_at": NINE + 2 * HOUR, "practitioner": None}

    with pytest.raises(errors.GroupError, match="move the session itself"):
        services.move_appointment(ada, actor=rita, at=NINE, **to)
    services.move_appointment(session, actor=rita, at=NINE, **to)

    ada.refresh_from_db()
    assert (ada.starts_at, ada.ends_at, ada.practitioner) == (NINE + HOUR, NINE + 2 * HOUR, None)


def test_a_move_onto_what_somebody_who_attends_has_elsewhere_is_asked_about(
    session, join, patient, person, appointment
):
    ada = patient("Ada North")
    join(ada)
    other = appointment(NINE + 2 * HOUR, patient=ada)

    with pytest.raises(errors.SlotTakenError) as refused:
        services.move_appointment(
            session, actor=person("owner", name="Olive"), at=NINE, starts_at=NINE + 2 * HOUR,
            ends_at=NINE + 3 * HOUR, practitioner=session.practitioner,
        )  # fmt: skip

    assert refused.value.clashes == [other]


def test_a_cancelled_session_cancels_its_places_and_comes_back_with_them(
    session, join, patient, person
):
    rita = person("reception", name="Rita")
    ada, bea = join(patient("Ada North")), join(patient("Bea South"))
    services.change_status(bea, actor=rita, at=NINE - HOUR, status=Status.CANCELLED, reason="Away")
    later = NINE + timedelta(minutes=1)

    services.change_status(session, actor=rita, at=later, status=Status.CANCELLED, reason="Storm")
    ada.refresh_from_db()
    assert (ada.status, ada.cancel_reason) == (Status.CANCELLED, "Storm")
    with pytest.raises(errors.GroupError, match="Book it again first"):
        join(patient("Cy East"))
    services.change_status(session, actor=rita, at=later, status=Status.BOOKED)

    for one in (ada, bea):
        one.refresh_from_db()
    assert (ada.status, bea.status) == (Status.BOOKED, Status.CANCELLED)


def test_completing_a_session_completes_who_came_and_leaves_the_others_open(
    session, join, patient, person
):
    rita = person("reception", name="Rita")
    ada, bea = join(patient("Ada North")), join(patient("Bea South"))
    services.change_status(ada, actor=rita, at=NINE, status=Status.ARRIVED)

    services.change_status(session, actor=rita, at=NINE, status=Status.COMPLETED)

    for one in (ada, bea):
        one.refresh_from_db()
    assert (ada.status, bea.status) == (Status.COMPLETED, Status.BOOKED)
    with pytest.raises(errors.StatusError):
        services.change_status(session, actor=rita, at=NINE, status=Status.DID_NOT_ATTEND)


def test_a_session_with_people_in_it_stays_one(session, join, patient, person):
    join(patient("Ada North"))
    wanted = {
        "starts_at": NINE, "minutes": 60, "practitioner": session.practitioner, "location": None,
        "notes": "", "actor": person("owner", name="Olive"), "at": NINE,
    }  # fmt: skip

    with pytest.raises(errors.GroupError, match="1 attend this session"):
        services.change_appointment(session, patient=None, appointment_type=None, **wanted)
    with pytest.raises(errors.GroupError, match="type is for group sessions"):
        services.change_appointment(
            session, patient=patient("Bea South"), appointment_type=session.appointment_type,
            **wanted,
        )  # fmt: skip


def test_the_day_has_one_block_with_its_people_in_it(session, join, patient, person):
    ada, bea = join(patient("Ada North")), join(patient("Bea South"))

    sheet = day_sheet(person("owner", name="Olive"), date(2026, 11, 20))

    (column,) = sheet.columns
    (visit,) = column.visits
    assert (visit.appointment, visit.attendees, visit.free_seats) == (session, [ada, bea], 1)
    assert (column.seen, sheet.total) == (2, 1)


def test_a_place_is_a_visit_of_its_patient_everywhere_else(session, join, patient, person):
    olive, ada = person("owner", name="Olive"), patient("Ada North")
    place = join(ada)
    services.change_status(place, actor=olive, at=NINE, status=Status.ARRIVED)

    assert [visit.appointment for visit in arrivals(olive, now=NINE)] == [place]
    assert appointments_of(olive, ada, now=NINE).upcoming == [place]
    assert list(SOURCE.rows(olive, ada)) == [place]


def test_a_coordinator_sees_their_participants_place_and_nobody_else(
    session, join, patient, person
):
    from clinical.patients.models import CoordinatorAssignment

    ada = patient("Ada North")
    place, _other = join(ada), join(patient("Bea South"))
    cora = person("coordinator")
    CoordinatorAssignment.objects.create(user=cora, patient=ada)

    sheet = day_sheet(cora, date(2026, 11, 20))

    assert [visit.appointment for column in sheet.columns for visit in column.visits] == [place]


def test_two_who_want_the_last_place_at_once_do_not_both_get_it(committed, alpha, person, patient):
    with tenant_scope(alpha):
        kind = AppointmentType.objects.create(name="Pair", max_attendees=2)
        owner = person("owner")
        held = services.book_appointment(
            actor=owner, starts_at=NINE, minutes=60, appointment_type=kind, patient=patient("A One")
        )
        both = [patient("B Two"), patient("C Three")]
    start, refused = Barrier(2), []

    def take(one):
        try:
            with tenant_scope(alpha):
                start.wait()
                groups.add_attendee(held, actor=owner, at=NINE, patient=one)
        except errors.SessionFullError:
            refused.append(one)
        finally:
            connections.close_all()

    threads = [Thread(target=take, args=(one,)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    with tenant_scope(alpha):
        assert groups.taken_seats(held) == 2
