"""Texts through a Twilio that nobody of this project wrote, held against Twilio's own OpenAPI file."""

from __future__ import annotations

import base64
import json
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from billing_integrations.sms import polling, replies
from billing_integrations.sms.twilio.provider import TWILIO
from clinical.messages.models import Message
from connections import inbox, outbox, relay, tokens
from connections.models import Connection, InboxEvent, OutboxEntry
from ports.outcomes import BrokenConnectionError, RefusedError
from tenants.scope import tenant_scope
from tests.billing_integrations.sms.fakes import (
    ACCOUNT,
    NUMBER,
    OTHER_ACCOUNT,
    OTHER_NUMBER,
    OTHER_TOKEN,
    PATIENT,
    TOKEN,
    call,
    connect_twilio,
    entries,
    make_due,
    text,
    write_text,
)
from tests.peers.emulate import emulate
from tests.peers.prism import prism
from tests.peers.proxy import Answered, Fault, proxy

pytestmark = pytest.mark.usefixtures("committed")
KEY, SECRET = "SK" + "2" * 32, "secret-of-the-key"
SEED = {
    "twilio": {
        "account": {"sid": ACCOUNT, "auth_token": TOKEN, "friendly_name": "Alpha's account"},
        "api_keys": [{"sid": KEY, "secret": SECRET}],
        "phone_numbers": [{"phone_number": NUMBER}],
    }
}


@pytest.fixture(scope="module")
def servers():
    with (
        emulate("twilio", seed=SEED) as peer,
        prism("twilio_msg.json", peer.url("twilio")) as judge,
        proxy(judge) as judged,
        proxy(peer.url("twilio")) as straight,
        proxy("http://127.0.0.1:1") as heard,
    ):
        heard.before = lambda _asked: Answered(200)
        yield {"peer": peer.url("twilio"), "judged": judged, "straight": straight, "heard": heard}


@pytest.fixture
def twilio(servers, settings):
    """The judged Twilio; whatever it calls is caught and may be given on."""
    settings.VENDOR_URLS = {"twilio.api": servers["judged"].url}
    settings.HOOKS_URL = servers["heard"].url
    for one in ("judged", "straight", "heard"):
        servers[one].forget()
    yield servers["judged"]
    assert servers["judged"].violations == []


@pytest.fixture
def calls(servers):
    """Answer what Twilio has called since, each as (address, body, signature)."""

    def caught():
        heard = servers["heard"]
        found = [
            (heard.url + asked.path, asked.body, asked.headers["x-twilio-signature"])
            for asked, _ in heard.seen
        ]
        heard.forget()
        return found

    return caught


def _simulate(servers, what, *, sid=ACCOUNT, token=TOKEN, **fields):
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{servers['peer']}/_twilio/simulate/{what}",
        data=urllib.parse.urlencode(fields).encode(),
        headers={"Authorization": "Basic " + base64.b64encode(f"{sid}:{token}".encode()).decode()},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def _give_on(told, clinic=None):
    """Post what Twilio called to Nexus, and let it be worked through."""
    address, body, signature = told
    status = call(address, body, x_twilio_signature=signature)
    if clinic is not None:
        inbox.handle_due(clinic)
    return status


def _at_twilio(servers, to, sid=ACCOUNT, token=TOKEN):
    """Answer the words of the texts that Twilio has for a number."""
    query = urllib.parse.urlencode({"To": to})
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{servers['peer']}/2010-04-01/Accounts/{sid}/Messages.json?{query}",
        headers={"Authorization": "Basic " + base64.b64encode(f"{sid}:{token}".encode()).decode()},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return [message["body"] for message in json.load(answer)["messages"]]


def test_a_text_goes_out_once_and_its_receipts_count_in_any_order(alpha, twilio, servers, calls):
    connect_twilio(alpha)
    pk = write_text(alpha, "It’s tomorrow – 9:00…")

    assert relay.deliver_due(alpha) == 1
    assert relay.deliver_due(alpha) == 0

    sent = text(alpha, pk)
    assert (sent.state, sent.provider, sent.segments) == ("sent", "twilio", 1)
    assert _at_twilio(servers, PATIENT)[:1] == ["It's tomorrow - 9:00..."]
    for status in ("sending", "delivered", "sent"):
        _simulate(servers, "message-status", MessageSid=sent.vendor_id, Status=status)
    queued, sending, delivered, late = calls()
    assert [_give_on(one, alpha) for one in (delivered, late, late, sending, queued)] == [200] * 5
    assert text(alpha, pk).state == "delivered"
    with tenant_scope(alpha):
        kept = InboxEvent.objects.values_list("external_id", flat=True).order_by("external_id")
        assert list(kept) == [f"{sent.vendor_id}:delivered", f"{sent.vendor_id}:sent"]


def test_what_is_forged_changes_nothing(alpha, beta, twilio, servers, calls):
    connect_twilio(alpha)
    connect_twilio(beta, sid=OTHER_ACCOUNT, token=OTHER_TOKEN, sender=OTHER_NUMBER)
    pk = write_text(alpha)
    relay.deliver_due(alpha)
    _simulate(servers, "message-status", MessageSid=text(alpha, pk).vendor_id, Status="delivered")
    address, body, signature = calls()[-1]
    with tenant_scope(beta):
        address_of_beta = inbox.address_of(Connection.objects.get())

    forgeries = [
        (address, body.replace(b"delivered", b"failed"), signature),
        (address, body, signature[:-4] + "AAA="),
        (address, body, ""),
        (f"{address}?a=1", body, signature),
        (address_of_beta, body, signature),
        (address[:-10] + "/", body, signature),
    ]
    assert [_give_on(one) for one in forgeries] == [401] * 6

    inbox.handle_due(alpha)
    assert text(alpha, pk).state == "sent"
    with tenant_scope(beta):
        assert not InboxEvent.objects.exists()
    assert _give_on((address, body, signature), alpha) == 200
    assert text(alpha, pk).state == "delivered"


def test_a_reply_comes_in_once_also_from_a_number_nobody_has(
    alpha, twilio, servers, calls, settings
):
    settings.VENDOR_URLS = {"twilio.api": servers["straight"].url}
    connection = connect_twilio(alpha)
    with tenant_scope(alpha):
        outbox.put(replies.REPLIES, connection, key="replies:1", provider="twilio")
    relay.deliver_due(alpha)
    _simulate(servers, "inbound-message", To=NUMBER, From="+61499000111", Body="Who is this?")
    [told] = calls()

    assert [_give_on(told, alpha), _give_on(told, alpha)] == [200, 200]

    with tenant_scope(alpha):
        [message] = Message.objects.all()
        assert (message.direction, message.patient, message.body) == ("in", None, "Who is this?")
        assert message.address == "+61499000111"
        assert "0480 000 001" in OutboxEntry.objects.get().answer["words"]


def test_what_goes_wrong_on_the_way_never_sends_twice_or_not_at_all(alpha, twilio, servers):
    connect_twilio(alpha)
    posts = lambda asked: asked.method == "POST"  # noqa: E731 - reads better beside its faults
    faults = {
        "+61412000001": Fault(
            Answered.of({"code": 20429, "message": "slow"}, 429, Retry_After="7")
        ),
        "+61412000002": Fault(Answered(500), passes_on=True),
        "+61412000003": Fault(cuts=True),
        "+61412000004": Fault(Answered(500)),
    }
    first = {}
    for number, fault in faults.items():
        pk = write_text(alpha, f"For {number}", number)
        twilio.fail(fault, when=posts)
        relay.deliver_due(alpha)
        first[number] = text(alpha, pk).state, len(_at_twilio(servers, number))
        make_due(alpha)
        relay.deliver_due(alpha)
        assert _at_twilio(servers, number) == [f"For {number}"]
        assert text(alpha, pk).state == "sent"

    assert first == {
        "+61412000001": ("queued", 0),
        "+61412000002": ("sent", 1),
        "+61412000003": ("sent", 1),
        "+61412000004": ("queued", 0),
    }
    assert {state for state, _ in entries(alpha)} == {"sent"}


def test_a_worker_that_dies_after_twilio_answered_does_not_text_again(alpha, twilio, servers):
    connect_twilio(alpha)
    number = "+61412000005"
    earlier = write_text(alpha, "Same words", number)
    relay.deliver_due(alpha)
    pk = write_text(alpha, "Same words", number)
    with tenant_scope(alpha):
        entry = OutboxEntry.objects.get(subject_id=pk)
        handler = outbox.kind_of(entry).handler
        prepared = handler.prepare(entry)
        lost = datetime.now(UTC) - timedelta(minutes=20)
        OutboxEntry.objects.filter(pk=entry.pk).update(state="sending", attempts=1, claimed_at=lost)
    handler.send(entry, prepared, tokens.open_connection(alpha, "twilio"))

    relay.recover_lost(alpha)
    make_due(alpha)
    relay.deliver_due(alpha)

    assert _at_twilio(servers, number) == ["Same words", "Same words"]
    assert text(alpha, pk).state == "sent"
    assert text(alpha, pk).vendor_id != text(alpha, earlier).vendor_id


def test_lost_calls_are_made_up_for_by_reading_the_list(alpha, beta, twilio, servers):
    connect_twilio(alpha)
    connect_twilio(beta, sid=OTHER_ACCOUNT, token=OTHER_TOKEN, sender=OTHER_NUMBER)
    pk, of_beta = write_text(alpha, "From alpha"), write_text(beta, "From beta")
    relay.deliver_due(alpha)
    relay.deliver_due(beta)
    assert "From beta" not in _at_twilio(servers, PATIENT)
    _simulate(servers, "message-status", MessageSid=text(alpha, pk).vendor_id, Status="undelivered")
    _simulate(servers, "inbound-message", To=NUMBER, From=PATIENT, Body="Y")

    polling.poll(alpha)
    polling.poll(alpha)
    polling.poll(beta)

    lost = text(alpha, pk)
    assert (lost.state, lost.problem) == ("failed", "Twilio: Twilio did not say why.")
    assert text(beta, of_beta).state == "sent"
    for clinic, bodies in ((alpha, ["Y"]), (beta, [])):
        with tenant_scope(clinic):
            since = lost.created_at.replace(microsecond=0)  # Twilio knows whole seconds
            came = Message.objects.filter(direction="in", sent_at__gte=since)
            assert sorted(set(came.values_list("body", flat=True))) == bodies


def test_the_check_looks_and_sends_nothing(alpha, twilio, servers, settings):
    settings.VENDOR_URLS = {"twilio.api": servers["straight"].url}
    connection = connect_twilio(alpha)
    opened = tokens.open_connection(alpha, "twilio")

    words = TWILIO.adapter.check(opened)

    assert "“Alpha's account” is active." in words
    assert "Texts come from 0480 000 001." in words
    assert [one.external_id for one in TWILIO.adapter.accounts(opened)] == [ACCOUNT]
    assert servers["straight"].asked("POST", ".json") == []
    for facts, error, says in (
        ({"sender": "+61480000009"}, RefusedError, "no number of this Twilio account"),
        ({"account_sid": ACCOUNT, "api_key_sid": KEY}, BrokenConnectionError, "keys"),
    ):
        with tenant_scope(alpha):
            Connection.objects.filter(pk=connection.pk).update(
                options={"account_sid": ACCOUNT, "sender": NUMBER} | facts
            )
            held = Connection.objects.get()
            inbox_key = "not-the-secret" if error is BrokenConnectionError else ""
            from connections.sealing import keep_secrets, open_secrets

            keep_secrets(held, {**open_secrets(held), "api_key_secret": inbox_key})
        with pytest.raises(error, match=says):
            TWILIO.adapter.check(tokens.open_connection(alpha, "twilio"))
