from __future__ import annotations

from ipaddress import ip_address

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from clinical.notices.delivery import (
    EndpointError,
    Network,
    Push,
    PushError,
    check_endpoint,
    is_public,
    send,
)
from clinical.notices.encryption import encoded, plain, signing_key
from tests.clinical.notices.conftest import claims_of

KEY = signing_key(encoded(bytes(range(32))))
SAID = b'{"body": "You have a new message in Nexus"}'


def _send(service, browser, **changes):
    push = Push(service.endpoint, **browser.keys, message=SAID, topic="abc")
    send(push, key=KEY, contact="mailto:x@y.example", now=lambda: 1000.0,
         network=changes.get("network", service.network))  # fmt: skip


def test_a_push_arrives_sealed_signed_and_at_its_place(push_service, browser_keys):
    _send(push_service, browser_keys)

    ((path, headers, body),) = push_service.seen
    assert path == "/send/abc?x=1"
    assert SAID not in body
    assert browser_keys.open(body) == SAID
    assert (headers["Content-Encoding"], headers["Topic"]) == ("aes128gcm", "abc")
    assert claims_of(headers["Authorization"]) == {
        "aud": push_service.endpoint.partition("/send")[0], "exp": 44200, "sub": "mailto:x@y.example",
    }  # fmt: skip
    token, _, shown = headers["Authorization"].removeprefix("vapid t=").partition(", k=")
    signed, _, mark = token.rpartition(".")
    r, s = plain(mark)[:32], plain(mark)[32:]
    sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), plain(shown))
    sender.verify(
        encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")),
        signed.encode(),
        ec.ECDSA(SHA256()),
    )


def test_each_answer_says_whether_trying_again_helps(push_service, browser_keys):
    told = {}
    for status in (404, 410, 400, 403, 302, 429, 503):
        push_service.status = status
        with pytest.raises(PushError) as caught:
            _send(push_service, browser_keys)
        told[status] = (caught.value.permanent, caught.value.gone)

    assert told == {
        404: (True, True), 410: (True, True), 400: (True, False), 403: (True, False),
        302: (True, False), 429: (False, False), 503: (False, False),
    }  # fmt: skip


def test_a_certificate_of_somebody_else_is_no_push_service(push_service, browser_keys):
    strange = Network(
        resolve=push_service.network.resolve, permits=lambda _address: True, port_is_free=True
    )

    with pytest.raises(PushError):
        _send(push_service, browser_keys, network=strange)

    assert push_service.seen == []


@pytest.mark.parametrize("inside", [["10.0.0.7"], ["8.8.8.8", "127.0.0.1"], ["::ffff:10.1.1.1"]])
def test_a_name_that_leads_inside_is_not_followed(push_service, browser_keys, inside):
    network = Network(resolve=lambda _host, _port: inside, port_is_free=True)

    with pytest.raises(PushError) as caught:
        _send(push_service, browser_keys, network=network)

    assert (caught.value.gone, push_service.seen) == (True, [])


def test_only_public_addresses_are_public():
    inside = (
        "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 "
        "240.0.0.1 ::1 fe80::1 fc00::1 fec0::1 ::ffff:127.0.0.1 2002:7f00:1:: 64:ff9b::7f00:1 ff02::1"
    )

    assert [text for text in inside.split() if is_public(ip_address(text))] == []
    assert is_public(ip_address("8.8.8.8"))
    assert is_public(ip_address("2606:4700::1111"))


@pytest.mark.parametrize(
    "endpoint",
    ["http://push.example/x", "https://", "ftp://push.example", "https://u:p@push.example/", "x",
     "https://push.example:8443/x", "https://push.example/ x", "https://push.example/#x",
     "https://push.example/\r\nX: y", "https://" + "a" * 2000, "https://push.example:99999/"],
)  # fmt: skip
def test_what_is_no_address_of_a_push_service_is_refused(endpoint):
    with pytest.raises(EndpointError):
        check_endpoint(endpoint)
