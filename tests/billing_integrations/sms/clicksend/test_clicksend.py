"""Texts through ClickSend: refusals inside of a success, unsigned calls, lists as the truth."""

from __future__ import annotations

import json
import time
from urllib.parse import urlencode

import pytest

from billing_integrations.sms import polling, replies
from billing_integrations.sms.clicksend.provider import CLICKSEND
from clinical.messages.models import Message
from connections import inbox, outbox, relay, tokens
from connections.models import Connection, InboxEvent
from ports.outcomes import BrokenConnectionError
from tenants.scope import tenant_scope
from tests.billing_integrations.sms.clicksend.peer import ClickSend
from tests.billing_integrations.sms.fakes import (
    NUMBER,
    PATIENT,
    call,
    connect_clicksend,
    entries,
    make_due,
    text,
    write_text,
)
from tests.peers.proxy import Answered, Fault, proxy

pytest.importorskip("clicksend.models")
pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def peer(settings):
    made = ClickSend()
    with proxy("http://127.0.0.1:1") as running:
        running.before = made.answer
        settings.VENDOR_URLS = {"clicksend.api": running.url}
        made.proxy = running
        yield made


def _address(clinic):
    with tenant_scope(clinic):
        return inbox.address_of(Connection.objects.get())


def _receipt(sent, status=201, **facts):
    return {
        "timestamp_send": int(time.time()),
        "timestamp": int(time.time()),
        "message_id": sent["message_id"],
        "status_code": status,
        "custom_string": sent["custom_string"],
    } | facts


def test_a_text_goes_out_with_our_id_and_its_receipt_comes_back(alpha, peer):
    connect_clicksend(alpha)
    pk = write_text(alpha)

    relay.deliver_due(alpha)

    [sent] = peer.texts["clinic"]
    assert (sent["to"], sent["from"], sent["custom_string"]) == (PATIENT, NUMBER, str(pk))
    message = text(alpha, pk)
    assert (message.state, message.segments, message.currency) == ("sent", 1, "AUD")
    assert message.cost_micros == 792
    delivered = _receipt(sent)
    assert call(_address(alpha), urlencode(delivered)) == 200
    assert call(_address(alpha), json.dumps(delivered), content_type="application/json") == 200
    assert call(_address(alpha), urlencode(_receipt(sent, 301, error_code=8))) == 200
    inbox.handle_due(alpha)
    assert text(alpha, pk).state == "delivered"


def test_a_refusal_inside_of_a_success_is_a_refusal(alpha, peer):
    connect_clicksend(alpha)
    said = {}
    for status in ("INVALID_RECIPIENT", "OPT_OUT", "INSUFFICIENT_CREDIT"):
        peer.status = status
        pk = write_text(alpha)
        relay.deliver_due(alpha)
        said[status] = text(alpha, pk).state

    assert said == {
        "INVALID_RECIPIENT": "failed",
        "OPT_OUT": "failed",
        # The number has just asked for no more texts: this one is not even tried.
        "INSUFFICIENT_CREDIT": "cancelled",
    }
    pk = write_text(alpha, number="+61412000009")
    relay.deliver_due(alpha)
    assert text(alpha, pk).state == "queued"
    with tenant_scope(alpha):
        assert "no credit left" in Connection.objects.get().problem
    peer.status = "SUCCESS"
    make_due(alpha)
    relay.deliver_due(alpha)
    assert text(alpha, pk).state == "sent"
    with tenant_scope(alpha):
        assert Connection.objects.get().problem == ""


def test_what_was_broken_off_is_found_by_our_id(alpha, peer):
    connect_clicksend(alpha)
    posts = lambda asked: asked.method == "POST"  # noqa: E731 - reads better beside its faults
    for number, fault in (
        ("+61412000001", Fault(Answered(500), passes_on=True)),
        ("+61412000002", Fault(cuts=True)),
        ("+61412000003", Fault(Answered(502))),
        ("+61412000004", Fault(Answered(429, {"retry-after": "9"}))),
    ):
        pk = write_text(alpha, number=number)
        peer.proxy.fail(fault, when=posts)
        relay.deliver_due(alpha)
        make_due(alpha)
        relay.deliver_due(alpha)
        assert text(alpha, pk).state == "sent"
        assert len([one for one in peer.texts["clinic"] if one["to"] == number]) == 1


def test_where_clicksend_cannot_be_asked_a_person_decides_until_it_can(alpha, peer):
    connect_clicksend(alpha)
    pk = write_text(alpha)
    peer.proxy.fail(Fault(Answered(500), passes_on=True), Fault(Answered(500)))

    relay.deliver_due(alpha)
    unclear = text(alpha, pk)
    polling.poll(alpha)

    assert (unclear.state, unclear.problem) == (
        "unclear",
        "ClickSend broke off: the text may have been sent.",
    )
    assert entries(alpha) == [("sent", 1)]
    assert text(alpha, pk).state == "sent"
    assert len(peer.texts["clinic"]) == 1


def test_an_unsigned_call_counts_only_where_both_ids_name_the_same_text(alpha, beta, peer):
    connect_clicksend(alpha)
    connect_clicksend(beta, user="beta")
    pk, other = write_text(alpha), write_text(alpha, "Another", "+61412000001")
    of_beta = write_text(beta)
    relay.deliver_due(alpha)
    relay.deliver_due(beta)
    [sent, another] = peer.texts["clinic"]
    [sent_by_beta] = peer.texts["beta"]

    for fields in (
        _receipt(sent, custom_string=another["custom_string"]),
        _receipt(sent, custom_string="nonsense"),
        _receipt({"message_id": "made-up", "custom_string": str(pk)}),
        _receipt(sent_by_beta),
        {"hello": "there"},
    ):
        assert call(_address(alpha), urlencode(fields)) == 200
    assert call(_address(alpha), b"\xff\xfe") == 401
    assert call(_address(alpha)[:-5] + "/", urlencode(_receipt(sent))) == 401
    assert call(_address(alpha).rpartition("/hooks/")[0] + "/hooks/clicksend/", "a=1") == 401
    inbox.handle_due(alpha)

    assert [text(alpha, one).state for one in (pk, other)] == ["sent", "sent"]
    assert text(beta, of_beta).state == "sent"
    with tenant_scope(beta):
        assert not InboxEvent.objects.exists()


def test_lists_are_read_once_and_make_up_for_lost_calls(alpha, peer):
    connect_clicksend(alpha)
    pk = write_text(alpha)
    relay.deliver_due(alpha)
    peer.receipts["clinic"] = [_receipt(peer.texts["clinic"][0], 301, error_code=12)]
    peer.inbound["clinic"] = [
        {
            "timestamp": int(time.time()),
            "from": PATIENT,
            "to": NUMBER,
            "body": "hi",
            "message_id": "I",
        }
    ]

    assert polling.poll(alpha) == 2
    assert polling.poll(alpha) == 0

    lost = text(alpha, pk)
    assert lost.state == "failed"
    assert lost.problem.startswith("The phone could not be reached")
    assert (peer.receipts["clinic"], peer.inbound["clinic"]) == ([], [])
    with tenant_scope(alpha):
        assert Message.objects.get(direction="in").body == "hi"


def test_the_address_is_set_at_clicksend_once(alpha, peer):
    connection = connect_clicksend(alpha)
    for attempt in range(2):
        with tenant_scope(alpha):
            outbox.put(replies.REPLIES, connection, key=f"replies:{attempt}", provider="clicksend")
        relay.deliver_due(alpha)

    actions = {
        kind: [(one["action"], one["action_address"]) for one in peer.rules[f"clinic:{kind}"]]
        for kind in ("receipts", "inbound")
    }
    wanted = [("URL", _address(alpha)), ("POLL", "")]
    assert actions == {"receipts": wanted, "inbound": wanted}


def test_the_check_tells_what_is_left(alpha, peer):
    connect_clicksend(alpha)
    opened = tokens.open_connection(alpha, "clicksend")
    peer.balance = "3.2"

    assert CLICKSEND.adapter.check(opened) == (
        "Account “Blue” is active. AUD 3.20 left: top it up. Texts come from 0480 000 001."
    )
    assert [one.name for one in CLICKSEND.adapter.accounts(opened)] == ["Blue"]
    assert peer.texts == {}
    with tenant_scope(alpha):
        Connection.objects.update(options={"username": "somebody", "sender": NUMBER})
    with pytest.raises(BrokenConnectionError, match="connect ClickSend again"):
        CLICKSEND.adapter.check(tokens.open_connection(alpha, "clicksend"))
