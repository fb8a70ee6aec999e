"""What is looked at before a text leaves, and what follows when it does not."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from billing_integrations.sms import carriers
from billing_integrations.sms.delivery import NOT_CONNECTED, NOT_FOUND_YET, send_once
from billing_integrations.sms.errors import OptedOutError
from clinical.messages import opting
from clinical.messages.models import Message
from connections import relay
from connections.models import OutboxEntry
from ports.outcomes import BrokenConnectionError, RetryLaterError, UnclearError
from ports.sms import OutgoingSms, SmsAnswer
from tenants.scope import tenant_scope
from tests.billing_integrations.sms.fakes import (
    PATIENT,
    connect_twilio,
    entries,
    make_due,
    text,
    write_text,
)

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SMS = OutgoingSms(PATIENT, "Hello", "our-id")
FOUND = SmsAnswer("found")


class Carrier:
    """A vendor that takes everything, or answers what it is told to."""

    def __init__(self, *, sends=None, finds=None):
        self.sends, self.finds, self.sent, self.asked = sends, finds, [], 0

    def send(self, sms):
        if isinstance(self.sends, Exception):
            raise self.sends
        self.sent.append(sms)
        return self.sends or SmsAnswer(f"v{len(self.sent)}", segments=1)

    def find(self, _sms, *, since, known):
        assert since is not None
        assert known is not None
        self.asked += 1
        if isinstance(self.finds, Exception):
            raise self.finds
        return self.finds


def _once(carrier, *, is_again=False):
    return send_once(carrier, SMS, since=NOW, known=(), is_again=is_again)


def test_a_text_is_sent_without_asking_and_asked_for_before_it_is_sent_again():
    first, again, held = Carrier(), Carrier(), Carrier(finds=FOUND)

    assert _once(first).vendor_id == "v1"
    assert _once(again, is_again=True).vendor_id == "v1"
    assert _once(held, is_again=True) == FOUND

    assert (first.asked, again.asked, held.sent) == (0, 1, [])


def test_what_was_broken_off_is_asked_for_at_once():
    broken = UnclearError("broken off")

    assert _once(Carrier(sends=broken, finds=FOUND)) == FOUND
    with pytest.raises(RetryLaterError, match=NOT_FOUND_YET[:20]):
        _once(Carrier(sends=broken))
    for why in (RetryLaterError("down"), BrokenConnectionError("no keys")):
        with pytest.raises(UnclearError, match="broken off"):
            _once(Carrier(sends=broken, finds=why))
        with pytest.raises(type(why)):
            _once(Carrier(finds=why), is_again=True)


@pytest.fixture
def carrier(committed):
    made = Carrier()
    before = carriers._openers["twilio"]

    @contextmanager
    def opener(_opened, _hook_address):
        yield made

    carriers.carries("twilio", opener)
    yield made
    carriers.carries("twilio", before)


def test_nothing_is_sent_that_nobody_wants_any_more(alpha, carrier):
    connect_twilio(alpha)
    stopped, landline = write_text(alpha), write_text(alpha, number="+61298765432")
    late = write_text(
        alpha, number="+61412000001", not_after=datetime.now(UTC) - timedelta(minutes=1)
    )
    with tenant_scope(alpha):
        opting.stop("0412345678", at=NOW, way="reply")

    relay.deliver_due(alpha)

    assert carrier.sent == []
    assert {text(alpha, pk).state: text(alpha, pk).problem for pk in (stopped, landline)} == {
        "cancelled": "The number has asked for no texts (STOP).",
        "failed": "+61298765432 is a landline: texts reach mobiles only.",
    }
    assert text(alpha, late).state == "failed"
    assert "in time" in text(alpha, late).problem


def test_who_told_the_vendor_to_stop_is_written_down_and_holds_up_no_other(alpha, carrier):
    connect_twilio(alpha)
    pk = write_text(alpha)
    carrier.sends = OptedOutError("This person has asked for no more texts (STOP).")

    relay.deliver_due(alpha)

    assert text(alpha, pk).state == "failed"
    with tenant_scope(alpha):
        held = opting.opt_out_of("0412345678")
        assert (held.way, held.ended_at) == ("vendor", None)
        opting.start("0412345678", at=NOW)
    carrier.sends = None
    after = write_text(alpha, "Welcome back")
    relay.deliver_due(alpha)
    assert text(alpha, after).state == "sent"


def test_a_failed_text_does_not_stand_before_the_next_to_the_same_phone(alpha, carrier):
    connect_twilio(alpha)
    first = write_text(alpha, "First")
    carrier.sends = UnclearError("broken off")
    carrier.finds = BrokenConnectionError("no keys")
    relay.deliver_due(alpha)
    carrier.sends = None

    second = write_text(alpha, "Second")
    relay.deliver_due(alpha)

    assert (text(alpha, first).state, text(alpha, second).state) == ("unclear", "sent")


def test_texts_wait_until_an_account_is_connected(alpha, carrier):
    pk = write_text(alpha)

    relay.deliver_due(alpha)

    assert entries(alpha) == [("waiting", 0)]
    with tenant_scope(alpha):
        assert OutboxEntry.objects.get().problem == NOT_CONNECTED
    connect_twilio(alpha)
    make_due(alpha)
    relay.deliver_due(alpha)
    assert text(alpha, pk).state == "sent"


def test_the_word_of_a_person_settles_what_was_unclear(alpha, carrier, sign_in):
    from connections import services

    connect_twilio(alpha)
    pk = write_text(alpha)
    carrier.sends, carrier.finds = UnclearError("broken off"), BrokenConnectionError("no keys")
    relay.deliver_due(alpha)
    owner = sign_in(alpha, "owner").person

    with tenant_scope(alpha):
        entry = OutboxEntry.objects.get()
        services.mark_done(entry, actor=owner, at=NOW)

    assert text(alpha, pk).state == "sent"
    with tenant_scope(alpha):
        assert Message.objects.get().provider == "twilio"
