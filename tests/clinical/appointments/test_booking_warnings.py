"""What other apps have to say while a visit is being booked stands in nobody's way."""

from __future__ import annotations

import pytest

from clinical.appointments import booking_warnings
from clinical.appointments.booking_warnings import BookingWarning
from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from clinical.practice.models import AppointmentType
from tenants.scope import tenant_scope

URL = "/appointments/warnings/"


@pytest.fixture
def asked(monkeypatch):
    """Register one source that keeps what it was asked."""
    wishes = []

    def source(_actor, wish, _now):
        wishes.append(wish)
        yield BookingWarning("The plan has ended.", "Ask for the new one.", order=20)
        yield BookingWarning("First of all.", order=10)

    monkeypatch.setattr(booking_warnings, "_sources", {"test": ("appointments.view", source)})
    return wishes


@pytest.fixture
def ada(alpha):
    with tenant_scope(alpha):
        return Patient.objects.create(given_names="Ada", family_name="North")


def test_warnings_follow_the_form_as_far_as_it_is_filled_in(alpha, sign_in, asked, ada):
    reception = sign_in(alpha, "reception")
    with tenant_scope(alpha):
        review = AppointmentType.objects.create(name="Review", duration_minutes=45)
    form = {"patient": ada.pk, "date": "2026-11-23", "appointment_type": review.pk}

    said = reception.post(URL, form)
    series = reception.post(URL, {**form, "time": "9:00", "repeat_weeks": 1, "repeat_times": 3})
    nobody = reception.post(URL, {"date": "2026-11-23"})

    assert said.text.index("First of all.") < said.text.index("The plan has ended.")
    assert "ap-warning" in series.text
    assert "ap-warning" not in nobody.text
    assert [(wish.patient, wish.minutes, len(wish.starts)) for wish in asked] == [
        (ada, 45, 1),
        (ada, 45, 3),
    ]


def test_a_visit_that_is_warned_of_is_booked(alpha, sign_in, asked, ada):
    reception = sign_in(alpha, "reception")
    form = {"patient": ada.pk, "date": "2026-11-23", "time": "9:00", "minutes": "30"}

    answer = reception.post("/appointments/new/", form, follow=True)

    assert "The plan has ended. Ask for the new one." in answer.text
    with tenant_scope(alpha):
        assert asked[0].appointment_id == Appointment.objects.get(patient=ada).pk


def test_whoever_may_not_book_is_told_nothing(alpha, sign_in, asked, ada):
    form = {"patient": ada.pk, "date": "2026-11-23"}

    assert sign_in(alpha, "billing").post(URL, form).status_code == 403
    assert asked == []
