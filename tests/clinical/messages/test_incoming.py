"""Texts find their patient and their reminder; a yes confirms, a no only asks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Event
from clinical.appointments.models import Appointment
from clinical.messages import incoming, opting
from clinical.messages.models import Conversation, Message, TextSettings
from clinical.threads.models import Thread
from ports.sms import IncomingSms

HOUR = timedelta(hours=1)
NUMBER = "+61491570156"


@pytest.fixture
def texted(texting):
    """Receive a text: `texted("Y")`."""
    ids = iter(range(1000))

    def receive(body, *, sender=NUMBER, reference="", opt_out="", vendor_id=""):
        sms = IncomingSms(
            vendor_id or f"IN{next(ids)}", sender, "+61400000000", body, timezone.now(),
            reference, opt_out,
        )  # fmt: skip
        return incoming.received("twilio", sms)

    return receive


def status(reminder):
    return Appointment.objects.get(pk=reminder.appointment_id).status


def unread():
    return list(Conversation.objects.values_list("number", "unread"))


def test_a_yes_confirms_the_visit_as_its_patient(ada, reminded, texted):
    reminder = reminded(ada, timezone.now() + 30 * HOUR)

    message = texted("Yes please!")

    assert (message.patient, message.reminder) == (ada, reminder)
    assert status(reminder) == "confirmed"
    assert unread() == [("0491570156", 0)]
    change = Event.objects.filter(object_type="appointments_appointment", action="update").last()
    assert change.actor_label == "Patient by SMS"


def test_the_same_text_twice_is_one(ada, reminded, texted):
    reminded(ada, timezone.now() + 30 * HOUR)

    assert texted("Y", vendor_id="IN-1") == texted("Y", vendor_id="IN-1")
    assert Message.objects.filter(direction="in").count() == 1


def test_a_yes_with_more_to_it_confirms_and_is_read_by_somebody(ada, reminded, texted):
    reminder = reminded(ada, timezone.now() + 30 * HOUR)

    texted("Yes, but can I come an hour later?")

    assert status(reminder) == "confirmed"
    assert unread() == [("0491570156", 1)]


def test_a_no_frees_nothing_and_gives_reception_a_task(ada, rita, reminded, texted):
    reminder = reminded(ada, timezone.now() + 30 * HOUR)

    texted("No")
    texted("N")

    reminder.refresh_from_db()
    assert (status(reminder), reminder.reply) == ("booked", "no")
    (task,) = Thread.objects.filter(task="open")
    assert task.patient == ada
    assert list(task.participants.values_list("user", flat=True)) == [rita.pk]
    assert unread() == [("0491570156", 2)]


def test_words_are_read_as_they_are_meant():
    said = {
        body: incoming.said(body)
        for body in ("Y", "y.", " yep", "1", "Confirm", "YES thanks", "n", "No", "2", "Yesterday",
                     "Nope", "cancel", "10", "Running late", "👍")
    }  # fmt: skip
    asked = {
        body: opting.asked_for(body)
        for body in ("STOP", "stop.", "Cancel", "cancel my visit", "please stop by", "START", "End")
    }

    assert said == {
        "Y": "yes", "y.": "yes", " yep": "yes", "1": "yes", "Confirm": "yes", "YES thanks": "yes",
        "n": "no", "No": "no", "2": "no", "Yesterday": "other", "Nope": "other", "cancel": "other",
        "10": "other", "Running late": "other", "👍": "other",
    }  # fmt: skip
    assert asked == {
        "STOP": "stop", "stop.": "stop", "Cancel": "", "cancel my visit": "", "please stop by": "",
        "START": "start", "End": "stop",
    }  # fmt: skip
    assert not incoming.says_more("Yes thanks!")
    assert not incoming.says_more("Confirmed, thank you")
    assert incoming.says_more("Y but late")


def test_stop_stops_and_start_starts_and_cancel_counts_where_the_vendor_acted(ada, texted):
    texted("Cancel")
    assert not opting.is_opted_out("0491570156")
    texted("CANCEL", opt_out="stop")
    assert opting.opt_out_of("0491570156").way == "vendor"
    texted("start")
    assert not opting.is_opted_out("0491570156")
    texted("STOP")
    held = opting.opt_outs_of(["0491570156"])
    assert [(one.way, one.ended_by) for one in held] == [
        ("reply", ""), ("vendor", "Patient by SMS"),
    ]  # fmt: skip


def test_of_several_people_at_a_number_it_is_the_one_whose_visit_is_next(
    ada, patient, reminded, texted
):
    bo = patient("Bo North", phone="0491 570 156")
    later = reminded(ada, timezone.now() + 70 * HOUR)
    sooner = reminded(bo, timezone.now() + 20 * HOUR, hours_ago=5)

    texted("Y")

    assert (status(sooner), status(later)) == ("confirmed", "booked")


def test_two_people_of_one_day_are_asked_about_in_the_inbox(ada, patient, reminded, texted):
    bo = patient("Bo North", phone="0491 570 156")
    start = (timezone.now() + 48 * HOUR).replace(hour=2, minute=0)
    both = [reminded(ada, start), reminded(bo, start + HOUR)]

    message = texted("Y")

    assert [status(one) for one in both] == ["booked", "booked"]
    assert (message.patient, message.reminder) == (None, None)
    assert unread() == [("0491570156", 1)]


def test_the_vendors_reference_decides(ada, patient, reminded, texted):
    bo = patient("Bo North", phone="0491 570 156")
    start = (timezone.now() + 48 * HOUR).replace(hour=2, minute=0)
    reminded(ada, start)
    other = reminded(bo, start + HOUR)

    texted("Y", reference=str(other.messages.get().pk))

    assert status(other) == "confirmed"


def test_old_reminders_moved_visits_and_strangers_go_to_the_inbox(ada, patient, reminded, texted):
    old = reminded(ada, timezone.now() + 30 * HOUR, hours_ago=80)
    assert texted("Y").reminder is None
    assert status(old) == "booked"
    moved = reminded(ada, timezone.now() + 40 * HOUR)
    Appointment.objects.filter(pk=moved.appointment_id).update(
        starts_at=timezone.now() + 50 * HOUR, ends_at=timezone.now() + 51 * HOUR
    )
    assert texted("Y").reminder is None
    stranger = texted("Hello?", sender="+61491570999")
    assert stranger.patient is None
    assert Conversation.objects.get(number="0491570999").unread == 1


def test_an_answer_is_thanked_once_where_the_clinic_wants_that(ada, reminded, texted):
    TextSettings.objects.create(acknowledges=True)
    reminded(ada, timezone.now() + 30 * HOUR)

    texted("Y")
    texted("Y")

    (thanks,) = Message.objects.filter(direction="out", reminder=None)
    assert thanks.body == "Thank you, your appointment is confirmed."
