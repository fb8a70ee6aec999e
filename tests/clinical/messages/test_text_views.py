"""The inbox of texts, writing to a patient, reminders, and their settings, through the browser's doors."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinical.appointments.models import Appointment
from clinical.messages import incoming, opting
from clinical.messages.models import (
    Conversation,
    Message,
    MessageTemplate,
    Reminder,
    ReminderRule,
    TextSettings,
)
from clinical.practice.models import AppointmentType
from ports.sms import IncomingSms
from tenants.scope import tenant_scope

HOUR = timedelta(hours=1)


def url(name, **kwargs):
    return reverse(
        f"clinic_messages:{name}", urlconf=settings.CLINIC_URLCONF, kwargs=kwargs or None
    )


@pytest.fixture
def in_alpha(alpha):
    """The clinic without its scope: a request opens its own."""
    return alpha


@pytest.fixture(autouse=True)
def loud(alpha):
    """No quiet hours, whenever the test runs."""
    with tenant_scope(alpha):
        TextSettings.objects.create(quiet_from="00:00", quiet_until="00:00")


@pytest.fixture
def desk(texting, sign_in):
    return sign_in(texting, "reception")


@pytest.fixture
def owner(texting, sign_in):
    return sign_in(texting, "owner")


@pytest.fixture
def texted(texting):
    """Receive a text and answer its conversation."""

    def receive(body, sender="+61491570156"):
        sms = IncomingSms(f"{sender}{body}", sender, "+61400000000", body, timezone.now())
        with tenant_scope(texting):
            return Conversation.objects.get(number=incoming.received("twilio", sms).normalised)

    return receive


def page(client, name, query="", **kwargs):
    answer = client.get(url(name, **kwargs) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_text_is_read_answered_and_put_away(alpha, ada, desk, texted):
    talk = texted("Can I come later?")

    listed = page(desk, "inbox")
    opened = page(desk, "conversation", pk=talk.pk)
    desk.post(url("reply", pk=talk.pk), {"body": "Yes, at four.", "when": "now"})
    desk.post(url("step", pk=talk.pk), {"action": "done"})

    assert "Ada North" in listed
    assert "1 conversation to read" in listed
    assert "Can I come later?" in opened
    with tenant_scope(alpha):
        sent = Message.objects.get(direction="out")
        assert (sent.patient, sent.body) == (ada, "Yes, at four.")
        assert sent.written_by == "reception person"
        talk.refresh_from_db()
    assert (talk.unread, talk.is_done, talk.last_is_ours) == (0, True, True)


def test_a_number_of_nobodys_is_linked_to_a_patient(alpha, ada, desk, texted):
    talk = texted("Hello", sender="+61491570999")

    found = desk.post(url("link", pk=talk.pk), {"words": "north"}).content.decode()
    desk.post(url("link", pk=talk.pk), {"patient": ada.pk})

    assert "Ada North" in found
    with tenant_scope(alpha):
        talk.refresh_from_db()
        assert talk.patient == ada
        assert Message.objects.get().patient == ada


def test_a_patient_is_texted_from_the_record_unless_they_want_none(alpha, ada, desk):
    assert "data-ms-box" in page(desk, "list", pk=ada.pk)
    desk.post(url("send", pk=ada.pk), {"body": "Your orthotics are here.", "when": "now"})
    desk.post(url("opt_out", pk=ada.pk), {"action": "stop", "note": "On the phone"})
    refused = desk.post(url("send", pk=ada.pk), {"body": "One more", "when": "now"})
    shown = page(desk, "list", pk=ada.pk)
    desk.post(url("opt_out", pk=ada.pk), {"action": "start"})

    assert refused.status_code == 422
    assert "Wants no texts" in shown
    assert "written down by reception person" in shown
    with tenant_scope(alpha):
        assert Message.objects.get().body == "Your orthotics are here."
        assert not opting.is_opted_out("0491570156")


def test_in_quiet_hours_it_is_asked_whether_it_can_wait(alpha, ada, desk):
    with tenant_scope(alpha):
        now = timezone.now().astimezone(ZoneInfo(alpha.time_zone))
        TextSettings.objects.update(
            quiet_from=(now - HOUR).time().replace(microsecond=0),
            quiet_until=(now + HOUR).time().replace(microsecond=0),
        )

    unasked = desk.post(url("send", pk=ada.pk), {"body": "Hi"})
    desk.post(url("send", pk=ada.pk), {"body": "Hi", "when": "later"})

    assert "It is quiet until" in unasked.content.decode()
    with tenant_scope(alpha):
        assert timedelta() < Message.objects.get().due_at - timezone.now() <= HOUR


def test_the_count_follows_what_is_written(desk):
    said = desk.post(url("count"), {"body": "a" * 161}).content.decode()
    odd = desk.post(url("count"), {"body": "\u2018Hi\u2019 \N{BANANA}"}).content.decode()

    assert "<strong>2</strong> texts, 161 characters" in said
    assert "takes more room" in odd


def test_ready_words_are_filled_in_for_the_patient(alpha, ada, desk, appointment, place):
    with tenant_scope(alpha):
        ready = MessageTemplate.objects.create(
            name="Running late", body="Hi {{first_name}}, see you at {{location}}.", is_quick=True
        )
        appointment(timezone.now() + 30 * HOUR, patient=ada, location=place)

    said = desk.post(url("words"), {"template": ready.pk, "patient": ada.pk}).content.decode()

    assert "Hi Ada, see you at Harbour Street." in said


def test_who_gets_what_is_shown_before_it_goes_and_can_be_held(alpha, ada, desk, make):
    with tenant_scope(alpha):
        made = make.rule(amount=1)
        nobody = make.patient("Bo Landline")
        start = timezone.localtime().replace(hour=3, minute=0, second=0, microsecond=0)
        visits = [
            make.appointment(start + timedelta(days=4), patient=one, location=make.place)
            for one in (ada, nobody)
        ]
        Appointment.objects.update(created_at=timezone.now() - timedelta(days=30))

    shown = page(desk, "reminders")
    act = {"visit": visits[0].pk, "rule": made.pk}
    desk.post(url("act"), {**act, "action": "hold"})
    with tenant_scope(alpha):
        held = Reminder.objects.get()
    desk.post(url("step_reminder", pk=held.pk), {"action": "let_go"})
    with tenant_scope(alpha):
        assert not Reminder.objects.exists()
    desk.post(url("act"), {**act, "action": "send"})

    assert "Hi Ada, " in shown
    assert "No mobile number is kept." in shown
    assert "Being sent" in page(desk, "reminders", "?show=sent")
    with tenant_scope(alpha):
        assert Message.objects.get().address == "+61491570156"


def test_what_could_not_be_sent_waits_for_somebody(alpha, ada, desk, rule, appointment):
    with tenant_scope(alpha):
        visit = appointment(timezone.now() + 30 * HOUR, patient=ada)
        failed = rule().reminders.create(
            patient=ada, appointment=visit, starts_at=visit.starts_at, due_at=timezone.now(),
            state="failed", problem="Switched off", channel="sms",
        )  # fmt: skip

    shown = page(desk, "reminders", "?show=failed")
    desk.post(url("step_reminder", pk=failed.pk), {"action": "told"})

    assert "Switched off" in shown
    assert "Everybody could be reached" in page(desk, "reminders", "?show=failed")


def test_words_and_rules_are_written_and_warned_of(alpha, owner, desk):
    with tenant_scope(alpha):
        AppointmentType.objects.create(name="Pelvic floor review")
    body = "Your Pelvic floor review, {{firstname}}\u2026"
    shown = owner.post(url("preview"), {"channel": "sms", "body": body}).content.decode()
    words = {"name": "Two days", "channel": "sms", "body": "Hi {{first_name}}", "subject": ""}
    owner.post(url("new_template"), words)
    with tenant_scope(alpha):
        template = MessageTemplate.objects.get()
        TextSettings.objects.update(quiet_from="17:00", quiet_until="08:00")
    made = {
        "amount": 2, "unit": "days", "template": template.pk, "window_from": "09:00",
        "window_until": "18:00", "notice_hours": 24, "is_on": "on",
    }  # fmt: skip
    refused = owner.post(url("new_rule"), made)
    owner.post(url("new_rule"), {**made, "window_until": "16:00"})

    assert "names the kind of visit" in shown
    assert "is no field" in shown
    assert "Curly" in shown
    assert refused.status_code == 422
    with tenant_scope(alpha):
        rule = ReminderRule.objects.get()
    assert rule.is_on
    assert rule.on_since is not None
    owner.post(url("step_rule", pk=rule.pk), {"action": "off"})
    assert desk.post(url("step_rule", pk=rule.pk), {"action": "on"}).status_code == 403
    with tenant_scope(alpha):
        rule.refresh_from_db()
    assert not rule.is_on
    assert "Two days" in page(owner, "rules")
    assert "first_name" in page(owner, "fields")
    page(owner, "edit_rule", pk=rule.pk)
    page(owner, "edit_template", pk=template.pk)
    owner.post(url("rules"), {
        "quiet_from": "21:00", "quiet_until": "07:00", "on_no": "inbox", "thanks_yes": "Thanks",
        "thanks_no": "Thanks",
    })  # fmt: skip
    with tenant_scope(alpha):
        assert TextSettings.objects.get().on_no == "inbox"


def test_neighbours_and_other_roles_see_nothing(alpha, beta, ada, sign_in, texted):
    talk = texted("Hello")

    assert sign_in(beta, "owner").get(url("conversation", pk=talk.pk)).status_code == 404
    assert sign_in(alpha, "billing").get(url("inbox")).status_code == 403
    assert sign_in(alpha, "coordinator").get(url("inbox")).status_code == 403


def test_the_lists_cost_the_same_for_one_and_thirty(alpha, ada, desk, make, texted):
    soon = timezone.now() + timedelta(days=3)
    texted("Hello")
    with tenant_scope(alpha):
        make.rule(amount=1)
        make.appointment(soon, patient=ada, location=make.place)

    def cost(name):
        with CaptureQueriesContext(connection) as asked:
            page(desk, name)
        return len(asked)

    page(desk, "inbox")
    few = [cost("inbox"), cost("reminders")]
    with tenant_scope(alpha):
        for number in range(30):
            one = make.patient(f"Pat {number}", phone=f"0491 570 2{number:02}")
            make.appointment(soon, patient=one, location=make.place)
    for number in range(30):
        texted("Hello", sender=f"+614915701{number:02}")
    many = [cost("inbox"), cost("reminders")]

    assert many == few
    assert max(many) <= 40
