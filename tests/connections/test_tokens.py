from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta

import pytest

from connections import oauth, providers, selectors, services, tokens
from connections.models import Connection
from connections.providers import OAuth
from ports.outcomes import BrokenConnectionError, RetryLaterError
from tenants.scope import ScopeError, tenant_scope
from tests.connections.fakes import connect, fake_vendor, side_by_side
from tests.connections.server import serving


@pytest.fixture
def server():
    with serving() as script:
        yield script


@pytest.fixture
def consented(adapter, server):
    made = fake_vendor(
        adapter,
        form=None,
        oauth=OAuth(
            authorize_url=f"{server.url}/authorize",
            token_url=f"{server.url}/token",
            revoke_url=f"{server.url}/revoke",
            client_id="our-id",
            client_secret="our-secret",
            scopes=("read",),
        ),
    )
    providers.register(made)
    yield made
    providers._providers.pop("fake", None)


def _connect(clinic, vendor, *, ends_in: float, **facts):
    secrets = {"access_token": "old", "refresh_token": "r-old"}
    ends = datetime.now(UTC) + timedelta(seconds=ends_in)
    return connect(clinic, vendor, secrets=secrets, expires_at=ends, **facts)


def _gives(server, *, after: float = 0.0):
    def give(request):
        time.sleep(after)
        number = len(server.asked)
        request.say(
            200,
            {"access_token": f"new-{number}", "refresh_token": f"r-{number}", "expires_in": 1800},
        )

    server.answer("/token", give)


@pytest.mark.usefixtures("committed")
def test_two_workers_renew_a_token_once_and_both_use_what_was_stored(alpha, consented, server):
    _connect(alpha, consented, ends_in=10)
    _gives(server, after=0.3)
    got = []

    side_by_side(lambda: got.append(tokens.open_connection(alpha, "fake").token))

    assert got == ["new-1", "new-1"]
    assert len(server.asked) == 1
    assert "refresh_token=r-old" in server.asked[0][2]
    with tenant_scope(alpha):
        row = selectors.connection("fake")
        kept = services.open_secrets(row)
    assert (kept["access_token"], kept["refresh_token"]) == ("new-1", "r-1")
    # Counted from our own clock, whatever the vendor's says.
    assert timedelta(minutes=29) < row.expires_at - datetime.now(UTC) < timedelta(minutes=31)


def test_a_token_that_is_good_is_used_without_asking(alpha, consented, server):
    _connect(alpha, consented, ends_in=3600)

    assert tokens.open_connection(alpha, "fake").token == "old"
    assert server.asked == []


def test_a_token_the_vendor_refused_is_renewed_once_for_all_who_saw_it(alpha, consented, server):
    _connect(alpha, consented, ends_in=3600)
    _gives(server)
    opened = tokens.open_connection(alpha, "fake")

    assert tokens.refused(opened).token == "new-1"
    assert tokens.refused(opened).token == "new-1"
    assert len(server.asked) == 1


def test_access_that_has_ended_breaks_the_connection_and_no_other_clinics(
    alpha, beta, consented, server
):
    _connect(alpha, consented, ends_in=10)
    _connect(beta, consented, ends_in=3600, account="acc-2")
    server.answer("/token", lambda request: request.say(400, {"error": "invalid_grant"}))

    for _ in range(2):
        with pytest.raises(BrokenConnectionError, match="Connect Fakebooks again"):
            tokens.open_connection(alpha, "fake")

    assert len(server.asked) == 1
    assert tokens.open_connection(beta, "fake").token == "old"
    with tenant_scope(alpha):
        row = Connection.objects.get()
        assert (row.state, "taken back" in row.problem) == ("broken", True)


@pytest.mark.parametrize("fault", ["error", "cut", "slow", "down"])
def test_a_vendor_that_does_not_answer_changes_nothing(
    alpha, consented, server, fault, monkeypatch
):
    monkeypatch.setattr(oauth, "REFRESH_SECONDS", 0.3)
    _connect(alpha, consented, ends_in=10)
    faults = {
        "error": lambda request: request.say(503, {}, Retry_After=30),
        "cut": lambda request: request.connection.shutdown(socket.SHUT_RDWR),
        "slow": lambda _request: time.sleep(0.6),
        "down": lambda request: request.say(200, {"access_token": ""}),
    }
    server.answer("/token", faults[fault])

    with pytest.raises(RetryLaterError):
        tokens.open_connection(alpha, "fake")

    with tenant_scope(alpha):
        row = Connection.objects.get()
        assert (row.state, services.open_secrets(row)["refresh_token"]) == ("live", "r-old")


def test_a_vendor_that_gives_no_new_refresh_token_keeps_the_old_one(alpha, consented, server):
    _connect(alpha, consented, ends_in=10)
    server.answer(
        "/token", lambda request: request.say(200, {"access_token": "new", "expires_in": 60})
    )

    assert tokens.open_connection(alpha, "fake").secrets["refresh_token"] == "r-old"


def test_a_token_nobody_used_for_long_is_renewed(alpha, consented, server):
    _connect(alpha, consented, ends_in=3600)
    _gives(server)

    tokens.renew_unused(alpha, "fake")

    assert tokens.open_connection(alpha, "fake").token == "new-1"


def test_a_connection_is_opened_outside_every_scope_and_never_shown(alpha, vendor):
    connect(alpha, vendor)
    with tenant_scope(alpha), pytest.raises(ScopeError):
        tokens.open_connection(alpha, "fake")

    assert "key-of-the-clinic" not in repr(tokens.open_connection(alpha, "fake"))


def test_a_key_that_was_entered_and_is_refused_breaks_the_connection(alpha, vendor):
    connect(alpha, vendor)

    with pytest.raises(BrokenConnectionError, match="no longer takes what was entered"):
        tokens.refused(tokens.open_connection(alpha, "fake"))
