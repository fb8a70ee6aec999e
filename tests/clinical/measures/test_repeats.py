"""Questionnaires asked again by themselves: when, once each, and when no more."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from clinical.appointments.models import Appointment
from clinical.consents.models import ContactPreference
from clinical.measures import links, repeats, tasks
from clinical.measures.models import PatientLink, Repeat
from clinical.measures.services import MeasureError
from clinical.patients.models import ContactPoint
from config.celery import app
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

NOON = timezone.localtime().replace(hour=12, minute=0)


@pytest.fixture(autouse=True)
def _no_mail(monkeypatch):
    monkeypatch.setattr(tasks.send_link, "delay_for", lambda *_: None)


@pytest.fixture
def ada(in_alpha, patient):
    ada = patient("Ada North")
    ContactPoint.objects.create(patient=ada, kind="email", value="ada@example.org")
    return ada


@pytest.fixture
def kim(in_alpha, person):
    return person("clinician")


@pytest.fixture
def start(ada, kim):
    def begin(*, weeks: int | None = 2, at: datetime = NOON, **terms) -> Repeat:
        rhythm = "weeks" if weeks else "visit"
        until = terms.pop("until", at.date() + timedelta(weeks=26))
        return repeats.start_repeat(
            ada, actor=kim, code="phq-9", rhythm=rhythm, weeks=weeks, until=until, at=at, **terms
        )

    return begin


def _asked(repeat: Repeat) -> list[str]:
    return sorted(repeat.links.values_list("occasion", flat=True))


def test_every_two_weeks_one_goes_out_however_often_it_is_looked(start):
    repeat = start()

    sent = [
        repeats.ask_again(repeat, at=NOON + timedelta(days=day))
        for day in (0, 0, 1, 13, 14, 14, 45)
    ]

    assert sent == [1, 0, 0, 0, 1, 0, 1]
    days = (0, 14, 28)
    assert _asked(repeat) == [f"day {NOON.date() + timedelta(days=day)}" for day in days]
    assert repeat.links.filter(cancelled_at=None).count() == 1
    assert {link.email for link in repeat.links.all()} == {"ada@example.org"}
    repeat.refresh_from_db()
    assert repeat.next_on == NOON.date() + timedelta(days=56)


def test_before_a_visit_it_is_asked_once_and_a_cancelled_one_is_passed_over(start, ada):
    repeat = start(weeks=None)
    visits = [
        Appointment.objects.create(
            patient=ada, starts_at=at, ends_at=at + timedelta(minutes=30), status=status
        )
        for at, status in (
            (NOON + timedelta(days=1), "cancelled"),
            (NOON + timedelta(days=4), "booked"),
        )
    ]

    sent = [repeats.ask_again(repeat, at=NOON + timedelta(days=day)) for day in (0, 1, 3, 3, 5)]

    assert sent == [0, 0, 1, 0, 0]
    assert _asked(repeat) == [f"visit {visits[1].pk}"]


def test_at_night_nobody_is_asked(start):
    repeat = start()

    assert repeats.ask_again(repeat, at=NOON.replace(hour=3)) == 0
    assert repeats.ask_again(repeat, at=NOON.replace(hour=8)) == 1


def test_it_ends_by_itself_with_a_reason(start, ada):
    def refuse():
        ContactPreference.objects.create(patient=ada, no_email=True)

    def archive():
        ada.is_archived = True
        ada.save()

    def lose_address():
        ada.contact_points.all().delete()

    cases = [
        (archive, "archived", lambda: (setattr(ada, "is_archived", False), ada.save())),
        (refuse, "does not want", lambda: ContactPreference.objects.all().delete()),
        (lose_address, "no e-mail", lambda: None),
    ]
    for happen, words, back in cases:
        repeat = start()
        happen()

        assert repeats.ask_again(repeat, at=NOON) == 0

        repeat.refresh_from_db()
        assert repeat.stopped_at
        assert words in repeat.stop_reason
        assert not repeat.links.exists()
        back()


def test_three_without_an_answer_and_the_last_day_end_it(start):
    repeat = start(weeks=1)
    for week in range(4):
        repeats.ask_again(repeat, at=NOON + timedelta(weeks=week))
    repeat.refresh_from_db()
    assert (repeat.stop_reason, repeat.links.count()) == ("The last 3 were not answered.", 3)

    short = start(until=NOON.date() + timedelta(days=3))
    repeats.ask_again(short, at=NOON + timedelta(days=4))
    short.refresh_from_db()
    assert short.stop_reason == "Its last day has passed."


def test_what_cannot_be_asked_is_refused_with_the_reason(start, ada, kim, person):
    start()
    with pytest.raises(MeasureError, match="already"):
        start()
    with pytest.raises(MeasureError, match="last day"):
        repeats.start_repeat(
            ada, actor=kim, code="gad-7", rhythm="visit", weeks=None, until=NOON.date(), at=NOON
        )
    with pytest.raises(MeasureError, match="taken by staff"):
        repeats.start_repeat(
            ada, actor=kim, code="berg", rhythm="visit", weeks=None,
            until=NOON.date() + timedelta(days=9), at=NOON,
        )  # fmt: skip
    ContactPreference.objects.create(patient=ada, no_email=True)
    with pytest.raises(MeasureError, match="hand it over"):
        links.create_link(ada, actor=kim, code="gad-7", at=NOON, email="ada@example.org")
    with pytest.raises(PermissionDenied):
        repeats.stop_repeat(Repeat.objects.get(), actor=person("billing"), at=NOON)


def test_a_mail_that_waited_does_not_go_out_after_a_refusal(alpha, start, ada, mailoutbox):
    repeat = start()
    repeats.ask_again(repeat, at=NOON)
    link = repeat.links.get()
    ContactPreference.objects.create(patient=ada, no_email=True)

    assert "does not want" in links.refusal_of(link, at=NOON)


def test_the_page_starts_lists_and_stops_it_and_the_patient_can_too(alpha, beta, sign_in, patient):
    with tenant_scope(alpha):
        ada = patient("Ada North")
        ContactPoint.objects.create(patient=ada, kind="email", value="ada@example.org")
    kim, bo = sign_in(alpha, "clinician"), sign_in(alpha, "billing")
    until = timezone.localdate() + timedelta(weeks=9)
    asked = {"measure": "phq-9", "every": "4", "until": until.isoformat()}
    url = f"/patients/{ada.pk}/measures/"

    assert bo.post(f"{url}repeat/", asked).status_code == 403
    assert kim.post(f"{url}repeat/", {**asked, "every": "5"}).status_code == 422
    assert kim.post(f"{url}repeat/", asked).status_code == 302

    text = kim.get(url).text
    assert "Every 4 weeks" in text
    assert "Running" in text
    with tenant_scope(alpha):
        repeat = Repeat.objects.get()
        link, token = links.make_link(
            ada, repeats.all_instruments()["phq-9"], at=timezone.now(), email="", by=None,
            by_name="Kim", repeat=repeat, occasion="day 1",
        )  # fmt: skip
    stop = f"/measures/repeats/{repeat.pk}/stop/"
    assert sign_in(beta, "clinician").post(stop).status_code == 404
    stranger = Client(headers={"host": kim.defaults.get("HTTP_HOST", "alpha.localhost")})
    page = stranger.get(f"/q/{token}/")
    assert b"Ask me no more" in page.content
    assert b"We ask you no more" in stranger.post(f"/q/{token}/", {"decline": "on"}).content
    with tenant_scope(alpha):
        repeat.refresh_from_db()
        assert repeat.stop_reason == "The patient does not want to be asked."
        assert PatientLink.objects.get(pk=link.pk).cancelled_at
    assert re.search("Stopped.*does not want to be asked", kim.get(url).text, re.DOTALL)
    assert kim.post(stop).status_code == 302


def test_the_beat_asks_only_clinics_that_have_something_due(alpha, beta, patient, monkeypatch):
    for clinic, stopped in ((alpha, None), (beta, NOON)):
        with tenant_scope(clinic):
            Repeat.objects.create(
                patient=patient("Ada North"), code="phq-9", rhythm="weeks", weeks=2,
                next_on=NOON.date(), until=NOON.date(), stopped_at=stopped,
            )  # fmt: skip
    sent: list[int] = []
    monkeypatch.setattr(tasks.ask_again, "delay_for", sent.append)

    tasks.ask_again_everywhere()

    assert sent == [alpha.pk]
    assert app.conf.beat_schedule["ask-measures-again"]["task"] == "measures.ask_again_everywhere"
