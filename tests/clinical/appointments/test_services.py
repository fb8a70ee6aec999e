from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from clinical.appointments import errors, services
from clinical.appointments.models import Appointment
from clinical.appointments.statuses import LOOKS, NEXT, Status
from clinical.practice.models import Practitioner

NINE = datetime(2026, 11, 20, 22, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)


@pytest.fixture
def cleo(in_alpha):
    return Practitioner.objects.create(name="Cleo")


def test_an_appointment_is_booked(in_alpha, person, patient, cleo):
    ada = patient()

    booked = services.book_appointment(
        actor=person("reception"), starts_at=NINE, minutes=45, patient=ada, practitioner=cleo
    )

    assert Appointment.objects.get() == booked
    assert (booked.ends_at - booked.starts_at, booked.status) == (
        timedelta(minutes=45),
        Status.BOOKED,
    )


@pytest.mark.parametrize("role", ["billing", "coordinator"])
def test_those_who_may_not_book_book_nothing(in_alpha, person, role):
    with pytest.raises(PermissionDenied):
        services.book_appointment(actor=person(role), starts_at=NINE, minutes=30)

    assert not Appointment.objects.exists()


@pytest.mark.parametrize("minutes", [0, -5, 24 * 60 + 1])
def test_an_appointment_takes_between_a_minute_and_a_day(in_alpha, person, minutes):
    with pytest.raises(errors.SpanError):
        services.book_appointment(actor=person("owner"), starts_at=NINE, minutes=minutes)


def test_a_clinicians_taken_time_is_booked_twice_only_on_purpose(
    in_alpha, person, patient, cleo, appointment
):
    taken = appointment(NINE, patient=patient("Ada North"), practitioner=cleo)
    bea, owner = patient("Bea South"), person("owner")
    wanted = {"starts_at": NINE + HALF_HOUR / 2, "minutes": 30, "patient": bea}

    with pytest.raises(errors.SlotTakenError) as refused:
        services.book_appointment(actor=owner, practitioner=cleo, **wanted)
    services.book_appointment(actor=owner, practitioner=cleo, may_clash=True, **wanted)

    assert refused.value.clashes == [taken]
    assert Appointment.objects.count() == 2


def test_a_patient_is_not_in_two_places_at_once(in_alpha, person, patient, appointment):
    ada = patient()
    appointment(NINE, patient=ada)

    with pytest.raises(errors.SlotTakenError):
        services.book_appointment(actor=person("owner"), starts_at=NINE, minutes=30, patient=ada)


@pytest.mark.parametrize(
    "status", [Status.CANCELLED, Status.LATE_CANCELLATION, Status.DID_NOT_ATTEND]
)
def test_a_cancelled_or_missed_appointment_frees_its_time(
    in_alpha, person, cleo, appointment, status
):
    appointment(NINE, practitioner=cleo, status=status)

    services.book_appointment(actor=person("owner"), starts_at=NINE, minutes=30, practitioner=cleo)


def test_one_appointment_may_begin_when_another_ends(in_alpha, person, cleo, appointment):
    appointment(NINE, practitioner=cleo)
    appointment(NINE + 2 * HALF_HOUR, practitioner=cleo)

    services.book_appointment(
        actor=person("owner"), starts_at=NINE + HALF_HOUR, minutes=30, practitioner=cleo
    )


def moved(appointment, **changes):
    columns = {
        "starts_at": appointment.starts_at,
        "minutes": 30,
        "patient": appointment.patient,
        "practitioner": appointment.practitioner,
        "location": appointment.location,
        "appointment_type": appointment.appointment_type,
        "notes": appointment.notes,
    }
    return {**columns, **changes}


def test_an_appointment_is_moved_and_never_clashes_with_itself(in_alpha, person, cleo, appointment):
    visit = appointment(NINE, practitioner=cleo)

    services.change_appointment(
        visit,
        actor=person("owner"),
        at=NINE,
        **moved(visit, starts_at=NINE + HALF_HOUR / 2, minutes=20),
    )

    visit.refresh_from_db()
    assert visit.starts_at == NINE + HALF_HOUR / 2
    assert visit.ends_at == visit.starts_at + timedelta(minutes=20)


def test_a_lost_race_is_refused_in_words(in_alpha, person, appointment):
    appointment(NINE)
    first, second = Appointment.objects.get(), Appointment.objects.get()
    owner = person("owner")
    services.change_status(first, actor=owner, at=NINE, status=Status.ARRIVED)

    with pytest.raises(errors.AppointmentChangedError, match="Somebody else"):
        services.change_status(second, actor=owner, at=NINE, status=Status.CANCELLED)

    assert Appointment.objects.get().status == Status.ARRIVED


def test_a_reason_is_kept_with_a_cancellation(in_alpha, person, appointment):
    visit = appointment(NINE)

    services.change_status(
        visit, actor=person("owner"), at=NINE, status=Status.CANCELLED, reason=" ill "
    )

    assert Appointment.objects.get().cancel_reason == "ill"


def test_a_completed_appointment_is_not_cancelled(in_alpha, person, appointment):
    visit = appointment(NINE, status=Status.COMPLETED)

    with pytest.raises(errors.StatusError, match="“Completed” cannot become “Cancelled”"):
        services.change_status(visit, actor=person("owner"), at=NINE, status=Status.CANCELLED)


def test_an_unknown_status_is_refused(in_alpha, person, appointment):
    with pytest.raises(errors.StatusError):
        services.change_status(appointment(NINE), actor=person("owner"), at=NINE, status="vanished")


def test_every_status_has_a_look_a_way_on_and_a_way_back():
    assert set(LOOKS) == set(NEXT) == set(Status)
    for status, following in NEXT.items():
        assert all(status != other and LOOKS[other] for other in following)
        assert any(status in NEXT[other] for other in following)
