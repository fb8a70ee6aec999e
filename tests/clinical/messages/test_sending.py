"""A text is queued with what asks for it, looked at again before it leaves, and follows its receipts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from clinical.appointments import services
from clinical.consents.models import ContactPreference
from clinical.messages import opting, receipts, sending
from clinical.messages.models import Conversation, Message
from connections.models import OutboxEntry
from connections.outbox import NothingToSendError
from ports.sms import SmsAnswer, SmsReceipt, SmsState

HOUR = timedelta(hours=1)


def receipt(message, state, *, problem="", vendor_id="SM1"):
    return SmsReceipt(vendor_id, state, timezone.now(), str(message.pk), problem)


def test_a_text_is_queued_with_its_entry_and_once_by_its_key(ada, rita):
    first = sending.send_text(ada, "See you “soon”", actor=rita, key="one")
    again = sending.send_text(ada, "See you soon", actor=rita, key="one")

    assert first == again
    assert (first.address, first.body) == ("+61491570156", 'See you "soon"')
    assert (first.state, first.written_by) == ("queued", "Rita Front")
    (entry,) = OutboxEntry.objects.all()
    assert (entry.kind, entry.subject_id, entry.lane) == ("sms.message", first.pk, "")
    assert Conversation.objects.get().patient == ada
    assert sending.text_to_send(first.pk).reference == str(first.pk)


def test_nobody_is_texted_who_must_not_be(ada, rita, patient, person):
    nobody = patient("Bo Landline", phone="02 5550 0199")
    gone = patient("Cy Gone", phone="0491 570 157", is_archived=True)
    shy = patient("Di Shy", phone="0491 570 158")
    ContactPreference.objects.create(patient=shy, no_sms=True)
    opting.stop("0491570156", at=timezone.now(), way="reply")

    said = {}
    for one in (nobody, gone, shy, ada):
        with pytest.raises(sending.CannotSendError) as refused:
            sending.send_text(one, "Hello", actor=rita)
        said[one.given_names] = str(refused.value)
    with pytest.raises(PermissionDenied):
        sending.send_text(ada, "Hello", actor=person("billing"))

    assert said == {
        "Bo": "No mobile number is kept for the patient.",
        "Cy": "The patient's record is archived.",
        "Di": "The patient does not want to be reached this way.",
        "Ada": "The number has asked for no texts (STOP).",
    }
    assert not Message.objects.exists()
    assert not OutboxEntry.objects.exists()


def test_what_changed_in_the_meantime_is_looked_at_before_it_leaves(ada, rita, rule, appointment):
    now = timezone.now()
    visit = appointment(now + 24 * HOUR, patient=ada)
    kept = rule().reminders.create(
        patient=ada, appointment=visit, starts_at=visit.starts_at, state="queued"
    )
    text = sending.send_text(ada, "Hi", actor=None, reminder=kept, appointment=visit)

    assert sending.text_to_send(text.pk).body.startswith("Hi Ada, ")
    services.move_appointment(
        visit, actor=rita, at=now, starts_at=visit.starts_at + HOUR,
        ends_at=visit.ends_at + HOUR, practitioner=None,
    )  # fmt: skip
    with pytest.raises(NothingToSendError, match="moved"):
        sending.text_to_send(text.pk)
    text.refresh_from_db()
    kept.refresh_from_db()
    assert (text.state, kept.state) == ("cancelled", "cancelled")
    assert kept.problem == "The visit was moved; it is reminded of anew."


def test_what_a_person_cancels_in_the_outbox_is_cancelled_here(ada, rita):
    text = sending.send_text(ada, "Hello", actor=rita)
    OutboxEntry.objects.update(state="cancelled", problem="Not any more.")

    assert [sending.follow_outbox(timezone.now()) for _ in range(2)] == [1, 0]
    text.refresh_from_db()
    assert (text.state, text.problem) == ("cancelled", "Not any more.")


def test_receipts_bring_a_text_further_and_never_back(ada, rita):
    text = sending.send_text(ada, "Hello", actor=rita)
    answer = SmsAnswer("SM1", segments=1, cost_cents=7.75, currency="AUD")
    sending.note_taken(text.pk, provider="twilio", answer=answer)
    states = []
    for state in (SmsState.DELIVERED, SmsState.SENT, SmsState.FAILED, SmsState.DELIVERED):
        receipts.note("twilio", receipt(text, state, problem="No"))
        text.refresh_from_db()
        states.append(text.state)

    assert states == ["delivered"] * 4
    assert (text.cost_micros, text.segments, text.problem) == (775, 1, "")
    assert receipts.note("twilio", SmsReceipt("XX", SmsState.SENT, timezone.now(), "x")) is None


def test_a_receipt_may_be_faster_than_the_vendors_answer(ada, rita):
    quick = sending.send_text(ada, "Hello", actor=rita)
    receipts.note("twilio", receipt(quick, SmsState.FAILED, problem="Switched off"))
    sending.note_taken(quick.pk, provider="twilio", answer=SmsAnswer("SM1", segments=1))
    quick.refresh_from_db()

    assert (quick.state, quick.problem, quick.segments) == ("failed", "Switched off", 1)


def test_what_may_have_been_sent_is_said_to_be_unclear(ada, rita):
    text = sending.send_text(ada, "Hello", actor=rita)
    sending.note_refused(text.pk, "It may have gone out.", is_unclear=True)
    text.refresh_from_db()
    assert (text.state, text.problem) == ("unclear", "It may have gone out.")

    sending.note_taken(text.pk, provider="twilio", answer=SmsAnswer("SM2"))
    text.refresh_from_db()
    assert (text.state, text.problem) == ("sent", "")
