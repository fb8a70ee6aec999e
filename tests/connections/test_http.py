from __future__ import annotations

import socket
import time

import pytest

from connections import http, limits
from connections.opened import OpenConnection
from connections.providers import Limits
from ports.outcomes import (
    BrokenConnectionError,
    RefusedError,
    RetryLaterError,
    UnclearError,
)
from tenants.ids import uuid7
from tests.connections.fakes import FakeAdapter, fake_vendor
from tests.connections.server import serving

VENDOR = fake_vendor(FakeAdapter())


@pytest.fixture(scope="module")
def server():
    with serving() as script:
        yield script


def _client(server, **facts):
    return http.client(provider=VENDOR, base_url=server.url, **facts)


def _drip(request):
    request.send_response(200)
    request.send_header("Content-Length", "20")
    request.end_headers()
    for _ in range(20):
        request.wfile.write(b".")
        time.sleep(0.03)


def _cut(request):
    request.send_response(200)
    request.send_header("Content-Length", "400")
    request.end_headers()
    request.wfile.write(b"half")
    request.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("fault", [_drip, _cut], ids=["a slow drip", "a cut reply"])
def test_an_answer_that_does_not_come_whole(server, fault, monkeypatch):
    """Reading again does no harm, nor does what carries a key; for the rest a person decides."""
    monkeypatch.setattr(http, "WHOLE_SECONDS", 0.2)
    monkeypatch.setattr(http.VendorTransport.__init__, "__kwdefaults__",
                        {**http.VendorTransport.__init__.__kwdefaults__, "seconds": 0.2})  # fmt: skip
    server.answer("/thing", fault)

    with _client(server) as client:
        with pytest.raises(RetryLaterError):
            client.get("/thing")
        with pytest.raises(RetryLaterError):
            client.post("/thing", headers={"Idempotency-Key": "k"})
        with pytest.raises(UnclearError, match="may have taken"):
            client.post("/thing")
    with _client(server, idempotent=True) as client, pytest.raises(RetryLaterError):
        client.post("/thing")


def test_a_vendor_that_is_not_there_was_not_asked():
    client = http.client(provider=VENDOR, base_url="http://127.0.0.1:9")
    with client, pytest.raises(RetryLaterError, match="cannot be reached"):
        client.post("/thing")


def test_no_other_host_is_asked_and_nothing_is_followed(server):
    server.answer("/away", lambda request: request.say(302, Location="http://127.0.0.1:9/"))

    with _client(server) as client:
        assert client.get("/away").status_code == 302
        with pytest.raises(RefusedError, match="another address"):
            client.get("http://127.0.0.1:9/else")


@pytest.mark.parametrize(
    ("status", "headers", "reading", "writing"),
    [
        (429, {"Retry_After": 7}, RetryLaterError, RetryLaterError),
        (503, {"Retry_After": 7}, RetryLaterError, RetryLaterError),
        (500, {}, RetryLaterError, UnclearError),
        (502, {}, RetryLaterError, UnclearError),
        (401, {}, BrokenConnectionError, BrokenConnectionError),
    ],
)
def test_what_a_status_means(server, status, headers, reading, writing):
    server.answer("/thing", lambda request: request.say(status, **headers))

    with _client(server) as client:
        for response, error in ((client.get("/thing"), reading), (client.post("/thing"), writing)):
            with pytest.raises(error) as raised:
                http.raise_for(response, vendor="Fakebooks")
            if headers:
                assert raised.value.after == 7.0


def test_moments_and_nonsense_in_retry_after():
    assert http.retry_after({"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"}) == 24 * 60 * 60
    assert http.retry_after({"retry-after": "Fri, 01 Jan 2000 00:00:00 GMT"}) == 1.0
    assert http.retry_after({"retry-after": "soon"}) is None
    assert http.retry_after({}) is None


def test_a_clinic_asks_no_more_often_than_the_vendor_allows_it(server):
    server.answer("/thing", lambda request: request.say(200))
    strict = fake_vendor(FakeAdapter(), limits=Limits(at_once=1, a_minute=2))
    opened = OpenConnection(uuid7(), "fake", "a", "A", {}, clinic=901)
    neighbour = OpenConnection(uuid7(), "fake", "b", "B", {}, clinic=902)

    with http.client(opened, provider=strict, base_url=server.url) as client:
        assert [client.get("/thing").status_code for _ in range(2)] == [200, 200]
        with pytest.raises(limits.BusyError) as raised:
            client.get("/thing")
    with http.client(neighbour, provider=strict, base_url=server.url) as client:
        assert client.get("/thing").status_code == 200

    assert 0 < raised.value.after <= 60
    assert limits.room(901, strict)[0] == 0
    assert limits.room(902, strict)[0] == 1


def test_only_so_many_are_asked_at_once(monkeypatch):
    monkeypatch.setattr(limits, "PATIENCE_SECONDS", 0.1)
    strict = fake_vendor(FakeAdapter(), limits=Limits(at_once=1))

    with limits.slot(901, strict):
        with pytest.raises(limits.BusyError), limits.slot(901, strict):
            pass
        with limits.slot(902, strict):
            pass
    with limits.slot(901, strict):
        pass
