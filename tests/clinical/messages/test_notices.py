"""Patients are told of their visits three minutes after the last change, once, and only where it is on."""

from __future__ import annotations

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.utils import timezone

from clinical.appointments import groups, services
from clinical.appointments.models import Appointment
from clinical.appointments.statuses import Status
from clinical.messages import notice_mails, notices
from clinical.messages.mail_delivery import topic_of
from clinical.messages.mail_threads import continue_thread, keep
from clinical.messages.models import Message, NoticeSettings, PatientNotice
from clinical.messages.tasks import send_notices, send_notices_everywhere
from clinical.patients.models import ContactPoint
from clinical.practice.models import AppointmentType, Location
from connections import mailbox
from connections.mailbox import current_mailbox
from ports.outcomes import DeliveryError, UnclearError
from tenants.scope import tenant_scope
from tenants.tasks import TENANT_HEADER, TenantTask

State, Kind = PatientNotice.State, PatientNotice.Kind
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ada(in_alpha, patient):
    """A patient with an e-mail address, in a clinic that tells its patients."""
    NoticeSettings.objects.create(is_on=True)
    made = patient("Ada North")
    ContactPoint.objects.create(patient=made, kind="email", value="ada@example.com")
    return made


@pytest.fixture
def rita(in_alpha, person):
    return person("reception")


@pytest.fixture
def place(in_alpha):
    return Location.objects.create(
        name="Harbour Street", address="4 Harbour Street\nMerrigum Bay", phone="(02) 5550 0110",
        time_zone="Australia/Sydney",
    )  # fmt: skip


def book(rita, ada, place=None, **more):
    start = timezone.now().replace(microsecond=0) + timedelta(days=7)
    return services.book_appointment(
        actor=rita, starts_at=start, minutes=30, patient=ada, location=place, **more
    )


def move(visit, rita, by, at=None):
    return services.move_appointment(
        visit, actor=rita, at=at or timezone.now(), starts_at=visit.starts_at + by,
        ends_at=visit.ends_at + by, practitioner=visit.practitioner,
    )  # fmt: skip


def told(alpha, at):
    """Claim and send what is due at a moment, as the task does; answers the bodies."""
    before = len(mail.outbox)
    for patient_id in notices.due_patients(at):
        claimed = notice_mails.claim(patient_id, clinic=alpha, at=at)
        if claimed:
            facts = notice_mails.send(claimed)
            notices.note_sent(claimed.message_id, at=at)
            keep(claimed.topic, facts)
    return [sent.body for sent in mail.outbox[before:]]


def test_a_booking_is_told_three_minutes_later_and_once(alpha, ada, rita, place):
    visit = book(rita, ada, place)
    now = timezone.now()

    assert told(alpha, now + 2 * MINUTE) == []
    (body,) = told(alpha, now + 4 * MINUTE)
    assert told(alpha, now + 5 * MINUTE) == []

    local = visit.starts_at.astimezone(notice_mails.zone_of(place))
    assert f"{local:%A %-d %B %Y} at {local:%-I:%M}" in body
    assert "(AEDT)" in body
    assert "Harbour Street, 4 Harbour Street, Merrigum Bay" in body
    assert "please call (02) 5550 0110" in body
    assert mail.outbox[0].to == ["ada@example.com"]
    assert mail.outbox[0].subject == "Your appointment: Alpha Physiotherapy"
    kept = Message.objects.get()
    assert (kept.patient, kept.appointment, kept.state, kept.body) == (ada, visit, "sent", body)


def test_nothing_clinical_stands_in_the_mail(alpha, ada, rita, place):
    kind = AppointmentType.objects.create(name="Incontinence assessment")
    book(rita, ada, place, appointment_type=kind, notes="Bring the bladder diary")

    (body,) = told(alpha, timezone.now() + 4 * MINUTE)

    assert "ncontinence" not in body + mail.outbox[0].subject
    assert "bladder" not in body


def test_where_the_clinic_has_not_switched_it_on_nothing_is_kept(alpha, ada, rita):
    NoticeSettings.objects.update(is_on=False)

    book(rita, ada)

    assert not PatientNotice.objects.exists()


def test_a_later_change_waits_anew_and_is_told_in_one(alpha, ada, rita):
    visit, now = book(rita, ada), timezone.now()
    move(visit, rita, timedelta(hours=1), at=now + 2 * MINUTE)

    assert told(alpha, now + 4 * MINUTE) == []
    (body,) = told(alpha, now + 6 * MINUTE)

    assert "is booked" in body
    assert "moved" not in body


def test_a_move_that_is_taken_back_is_not_told(alpha, ada, rita):
    visit, now = book(rita, ada), timezone.now()
    told(alpha, now + 4 * MINUTE)

    move(visit, rita, timedelta(hours=1), at=now + 5 * MINUTE)
    assert PatientNotice.objects.get(state=State.WAITING).kind == Kind.MOVED
    move(visit, rita, timedelta(hours=-1), at=now + 6 * MINUTE)

    assert told(alpha, now + 20 * MINUTE) == []
    assert not PatientNotice.objects.filter(state=State.WAITING).exists()


def test_a_move_says_where_it_was_and_where_it_is(alpha, ada, rita, place):
    visit, now = book(rita, ada, place), timezone.now()
    told(alpha, now + 4 * MINUTE)
    move(visit, rita, timedelta(days=1), at=now + 5 * MINUTE)

    (body,) = told(alpha, now + 9 * MINUTE)

    zone = notice_mails.zone_of(place)
    was = (visit.starts_at - timedelta(days=1)).astimezone(zone)
    assert f"of {was:%A %-d %B %Y}" in body
    assert f"It is now:\n{visit.starts_at.astimezone(zone):%A %-d %B %Y}" in body


def test_a_booking_that_is_cancelled_at_once_is_never_told(alpha, ada, rita):
    visit, now = book(rita, ada), timezone.now()
    services.change_status(visit, actor=rita, at=now, status=Status.CANCELLED, reason="Slip")

    assert told(alpha, now + 10 * MINUTE) == []


def test_a_cancellation_is_told_and_a_missed_visit_is_not(alpha, ada, rita):
    visit, now = book(rita, ada), timezone.now()
    told(alpha, now + 4 * MINUTE)
    services.change_status(visit, actor=rita, at=now, status=Status.DID_NOT_ATTEND)
    assert told(alpha, now + 9 * MINUTE) == []

    services.change_status(visit, actor=rita, at=now, status=Status.BOOKED)
    services.change_status(visit, actor=rita, at=now, status=Status.CANCELLED, reason="Flu, again")
    (body,) = told(alpha, now + 9 * MINUTE)

    assert "has been cancelled" in body
    assert "Flu" not in body


def test_a_series_is_one_mail(alpha, ada, rita):
    book(rita, ada, repeat=services.Repeat(1, 5))

    (body,) = told(alpha, timezone.now() + 4 * MINUTE)

    assert body.count("is booked:") == 5


def test_a_place_in_a_group_is_told_to_who_has_it(alpha, ada, rita, patient):
    kind = AppointmentType.objects.create(name="Class", max_attendees=4)
    session = book(rita, ada, appointment_type=kind)
    groups.add_attendee(session, actor=rita, at=timezone.now(), patient=patient("Bea South"))

    (body,) = told(alpha, timezone.now() + 4 * MINUTE)

    assert "Dear Ada" in body
    assert PatientNotice.objects.get(patient__family_name="South").problem.startswith("No e-mail")


def test_what_is_over_is_not_told(alpha, ada, rita):
    services.book_appointment(
        actor=rita, starts_at=timezone.now() - timedelta(days=1), minutes=30, patient=ada
    )

    assert not PatientNotice.objects.exists()


def test_who_does_not_want_mail_gets_none_and_it_shows(alpha, ada, rita, sign_in):
    from clinical.consents.models import ContactPreference

    ContactPreference.objects.create(patient=ada, no_email=True)
    book(rita, ada)

    assert told(alpha, timezone.now() + 4 * MINUTE) == []
    notice = PatientNotice.objects.get()
    assert (notice.state, notice.problem) == (
        State.FAILED, "The patient does not want to be reached this way.",
    )  # fmt: skip


def test_a_name_cannot_write_lines_into_the_head_of_the_mail(alpha, ada, rita):
    alpha.name = "Alpha\nBcc: thief@example.com"
    book(rita, ada)

    told(alpha, timezone.now() + 4 * MINUTE)

    (sent,) = mail.outbox
    assert sent.recipients() == ["ada@example.com"]
    assert "\n" not in sent.subject


class _Refusing:
    """A mail server that does not take the mail."""

    def __init__(self, error):
        self.error = error

    def open(self):
        pass

    def close(self):
        pass

    def send_messages(self, _messages):
        raise self.error


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ConnectionRefusedError(), State.WAITING),
        (smtplib.SMTPResponseException(421, b"try later"), State.WAITING),
        (smtplib.SMTPRecipientsRefused({"ada@example.com": (550, b"none")}), State.FAILED),
        (TimeoutError(), State.FAILED),
    ],
)
def test_a_mail_that_is_not_taken_is_tried_again_unless_that_is_no_use(  # noqa: PLR0917 - fixtures
    alpha, ada, rita, monkeypatch, error, state
):
    book(rita, ada)
    late = timezone.now() + 4 * MINUTE
    PatientNotice.objects.update(due_at=timezone.now() - MINUTE)
    with monkeypatch.context() as patched:
        patched.setattr(mailbox, "get_connection", lambda **_options: _Refusing(error))
        _run(alpha)

    notice, message = PatientNotice.objects.get(), Message.objects.get()
    is_unclear = isinstance(error, TimeoutError)
    assert notice.state == state
    assert message.state == (Message.State.UNCLEAR if is_unclear else Message.State.FAILED)
    assert notice.problem.startswith("The mail server")
    assert ("may have been sent" in notice.problem) == is_unclear
    if state == State.WAITING:
        assert told(alpha, late) == []
        assert len(told(alpha, late + timedelta(hours=1))) == 1
        assert Message.objects.get().state == Message.State.SENT


def _run(alpha):
    """Do what the task does, inside the test's own transaction."""
    for patient_id in notices.due_patients(timezone.now()):
        claimed = notice_mails.claim(patient_id, clinic=alpha, at=timezone.now())
        try:
            notice_mails.send(claimed)
        except DeliveryError as error:
            notices.note_failed(
                claimed.message_id, at=timezone.now(), problem=error.words,
                is_final=notice_mails.is_final(error), is_unclear=isinstance(error, UnclearError),
            )  # fmt: skip


def test_a_mail_whose_worker_died_is_not_sent_again_by_itself(alpha, ada, rita):
    book(rita, ada)
    now = timezone.now()
    claimed = notice_mails.claim(ada.pk, clinic=alpha, at=now + 4 * MINUTE)

    assert claimed is not None
    assert notice_mails.claim(ada.pk, clinic=alpha, at=now + 5 * MINUTE) is None
    assert notices.give_up_lost(now + 10 * MINUTE) == 0
    assert notices.give_up_lost(now + 40 * MINUTE) == 1
    assert notices.due_patients(now + 60 * MINUTE) == []
    assert PatientNotice.objects.get().problem == notices.UNKNOWN


def test_a_change_after_what_failed_says_what_the_patient_really_knows(alpha, ada, rita):
    visit, now = book(rita, ada), timezone.now()
    claimed = notice_mails.claim(ada.pk, clinic=alpha, at=now + 4 * MINUTE)
    notices.note_failed(claimed.message_id, at=now, problem="x", is_final=True)

    move(visit, rita, timedelta(hours=1), at=now + 5 * MINUTE)
    (body,) = told(alpha, now + 9 * MINUTE)

    assert "is booked" in body


def test_a_person_sends_again_or_says_it_was_told(alpha, ada, rita, person):
    book(rita, ada)
    PatientNotice.objects.update(state=State.FAILED, problem="x")
    notice = PatientNotice.objects.get()
    now = timezone.now()

    notices.tell_again(notice, actor=rita, at=now)
    assert len(told(alpha, now)) == 1
    with pytest.raises(notices.NoticeError):
        notices.drop(notice, actor=rita, at=now)


def test_the_pages_switch_it_on_and_show_what_went_wrong(alpha, beta, sign_in, patient, person):
    with tenant_scope(alpha):
        ada = patient("Ada North")
        visit = Appointment.objects.create(
            patient=ada, starts_at=timezone.now() + timedelta(days=2),
            ends_at=timezone.now() + timedelta(days=2, minutes=30),
        )  # fmt: skip
        notice = PatientNotice.objects.create(
            patient=ada, appointment=visit, kind=Kind.BOOKED, state=State.FAILED,
            problem="No e-mail address is kept for the patient.", due_at=timezone.now(),
        )  # fmt: skip
    owner, rita = sign_in(alpha, "owner"), sign_in(alpha, "reception")
    path = f"/messages/notices/{notice.pk}/"

    switched = owner.post("/settings/telling-patients/", {"is_on": "on", "phone": "02 5550 0110"})
    assert switched.status_code == 302
    assert "No e-mail address is kept" in owner.get("/settings/telling-patients/").text
    assert "Not told by e-mail" in rita.get(f"/patients/{ada.pk}/messages/").text
    assert "not told" in rita.get(f"/appointments/{visit.pk}/drawer/").text
    assert rita.get("/settings/telling-patients/").status_code == 403
    assert sign_in(alpha, "clinician").post(path, {"action": "drop"}).status_code == 403
    assert sign_in(beta, "owner").post(path, {"action": "drop"}).status_code == 404
    assert rita.post(path, {"action": "drop"}).status_code == 302
    with tenant_scope(alpha):
        notice.refresh_from_db()
        assert (notice.state, NoticeSettings.objects.get().phone) == (State.DROPPED, "02 5550 0110")


def test_the_beat_sends_each_clinics_mails_by_its_own_task(  # noqa: PLR0917 - fixtures
    committed, alpha, beta, patient, person, monkeypatch
):
    for clinic in (alpha, beta):
        with tenant_scope(clinic):
            NoticeSettings.objects.create(is_on=True)
            ada = patient(f"Ada {clinic.subdomain.title()}")
            ContactPoint.objects.create(
                patient=ada, kind="email", value=f"ada@{clinic.subdomain}.example"
            )
            book(person("reception"), ada)
    with tenant_scope(alpha):
        PatientNotice.objects.update(due_at=timezone.now() - MINUTE)
    asked = []
    monkeypatch.setattr(TenantTask, "delay_for", lambda _task, pk: asked.append(pk))

    send_notices_everywhere()
    assert asked == [alpha.pk]
    for _ in range(2):
        send_notices.apply(headers={TENANT_HEADER: alpha.pk}, throw=True)

    assert [sent.to for sent in mail.outbox] == [["ada@alpha.example"]]


def test_what_is_said_of_one_visit_stays_in_one_thread(alpha, ada, rita, place):
    visit = book(rita, ada, place)
    told(alpha, timezone.now() + 4 * MINUTE)
    move(visit, rita, timedelta(days=1))
    told(alpha, timezone.now() + 9 * MINUTE)

    first, second = mail.outbox
    assert second.extra_headers["In-Reply-To"] == first.extra_headers["Message-ID"]
    assert second.subject == first.subject
    visit.refresh_from_db()
    reminder = Message(patient=ada, appointment=visit, address="ada@example.com")
    letter = EmailMessage("Tomorrow", "…", to=["Ada <ADA@example.com>"])
    continue_thread(letter, topic_of(reminder), current_mailbox())
    assert letter.subject == second.subject
    assert letter.extra_headers["References"].split() == [
        one.extra_headers["Message-ID"] for one in (first, second)
    ]
