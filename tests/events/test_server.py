"""Who may open a stream, and when it ends: asked of the application itself, with real sessions."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import override_settings

from accounts.services.sessions import end_sessions
from events import server
from events.channels import ALIVE, Channels
from events.hub import Hub
from events.messages import Message
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope

if TYPE_CHECKING:
    from accounts.models import User

pytestmark = pytest.mark.usefixtures("committed")

CHANNELS = Channels("nexus")


class Stream:
    """One request to the application, as a server would hand it over."""

    def __init__(
        self, app: server.EventServer, *, host: str, key: str = "", **headers: str
    ) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.said = b""
        self._gone = asyncio.Event()
        self._news = asyncio.Event()
        cookie = {"cookie": f"a=b; {settings.SESSION_COOKIE_NAME}={key}"} if key else {}
        lines = {"host": host, **cookie, **headers}
        scope = {
            "type": "http", "path": "/events/", "method": "GET",
            "headers": [(n.replace("_", "-").encode(), v.encode()) for n, v in lines.items()],
        }  # fmt: skip
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self):
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        if message["type"] == "http.response.start":
            assert self.status == 0, "two answers to one request"
            self.status, self.headers = message["status"], dict(message["headers"])
        self.said += message.get("body", b"")
        self._news.set()

    async def hears(self, words: str) -> str:
        async with asyncio.timeout(5):
            while words.encode() not in self.said:
                assert not self.task.done(), (self.status, self.said)
                self._news.clear()
                await self._news.wait()
        return self.said.decode()

    async def ends(self) -> str:
        async with asyncio.timeout(5):
            await self.task
        return self.said.decode()

    async def leave(self) -> None:
        self._gone.set()
        await self.ends()


@pytest.fixture
def events(monkeypatch):
    """Run a coroutine with an event server that hears what `say` is given."""
    monkeypatch.setattr(server, "DOOR_THREADS", 1)  # so that one task closes its connection

    def run(work):
        async def inside():
            hub = Hub(redis_url=settings.REDIS_URL, channels=CHANNELS)
            app = server.EventServer(hub)

            def say(tenant, topic, **more):
                message = Message(tenant.pk, topic, **more)
                hub.dispatch(CHANNELS.of_clinic(tenant.pk).encode(), message.payload().encode())

            hub.dispatch(CHANNELS.everyone.encode(), ALIVE)
            await work(SimpleNamespace(hub=hub, say=say, open=lambda **of: Stream(app, **of)))
            assert hub.streams == []
            app._door.submit(_close_connections).result()
            app._door.shutdown()

        asyncio.run(inside())

    return run


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()


def key_of(client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def test_only_people_who_may_see_every_appointment_hear_of_them(events, alpha, beta, sign_in):
    reception, billing, coordinator = (
        sign_in(alpha, role) for role in ("reception", "billing", "coordinator")
    )
    unproved = sign_in(alpha, "admin")
    with tenant_scope(alpha):
        unproved.person.totpdevice_set.all().delete()
    here = alpha.host

    async def work(it):
        for status, asked in (
            (401, {"host": here}),
            (401, {"host": here, "key": "0" * 32}),
            (401, {"host": here, "key": key_of(sign_ins["beta"])}),
            (401, {"host": beta.host, "key": key_of(reception)}),
            (403, {"host": here, "key": key_of(unproved)}),
            (403, {"host": here, "key": key_of(reception), "origin": beta.url}),
            (403, {"host": here, "key": key_of(reception), "origin": "null"}),
            (403, {"host": here, "key": key_of(reception), "sec_fetch_site": "same-site"}),
            (403, {"host": here, "key": key_of(reception), "sec_fetch_site": "cross-site"}),
            (404, {"host": "nobody.localhost", "key": key_of(reception)}),
            (404, {"host": "ops.localhost", "key": key_of(reception)}),
            (404, {"host": "localhost", "key": key_of(reception)}),
            (404, {"host": "alpha.example.org", "key": key_of(reception)}),
        ):
            refused = it.open(**asked)
            assert (await refused.ends(), refused.status) == ("", status), asked
            assert b"access-control-allow-origin" not in refused.headers

        heard = {}
        for who in (reception, billing, coordinator):
            stream = it.open(host=here, key=key_of(who), origin=alpha.url)
            await stream.hears("event: ready")
            it.say(alpha, "diary", first="2026-11-21")
            it.say(beta, "diary", first="2026-11-22")
            it.say(alpha, "notices", user=str(who.person.pk))
            heard[who.person.role] = await stream.hears('"notices"}')
            assert stream.headers[b"access-control-allow-origin"] == alpha.url.encode()
            assert stream.headers[b"content-type"].startswith(b"text/event-stream")
            await stream.leave()
        assert [role for role, said in heard.items() if "2026-11-21" in said] == [
            "reception",
            "billing",
        ]
        assert "2026-11-22" not in str(heard)

    sign_ins = {"beta": sign_in(beta, "owner")}
    events(work)


def test_a_stream_ends_when_the_session_does(events, alpha, sign_in):
    here, stays = sign_in(alpha, "reception"), sign_in(alpha, "billing")

    async def work(it):
        ending, staying = (it.open(host=alpha.host, key=key_of(who)) for who in (here, stays))
        await ending.hears("ready")
        await staying.hears("ready")
        await asyncio.to_thread(_end_sessions, alpha, here.person)
        it.say(alpha, "account", user=str(here.person.pk))
        it.say(alpha, "diary", first="2026-11-21")

        said = await ending.ends()
        assert said.endswith("event: bye\ndata: {}\n\n")
        assert "2026-11-21" not in said
        await staying.hears("2026-11-21")
        await staying.leave()

    events(work)


def _end_sessions(clinic: Tenant, person: User) -> None:
    with tenant_scope(clinic):
        end_sessions(person, why="test")
    _close_connections()


def test_a_suspended_clinic_and_a_lost_permission_are_noticed_by_themselves(
    events, alpha, sign_in, monkeypatch
):
    monkeypatch.setattr(server, "CHECK_EVERY", 0.05)
    reception = sign_in(alpha, "reception")

    async def work(it):
        stream = it.open(host=alpha.host, key=key_of(reception))
        await stream.hears("event: beat")
        await asyncio.to_thread(_suspend, alpha, Tenant.State.SUSPENDED)

        assert (await stream.ends()).endswith("event: bye\ndata: {}\n\n")

    try:
        events(work)
    finally:
        _suspend(alpha, Tenant.State.ACTIVE)


def _suspend(clinic: Tenant, state: str) -> None:
    with platform_scope():
        Tenant.objects.using("platform").filter(pk=clinic.pk).update(state=state)
    _close_connections()


def test_a_person_with_too_many_streams_and_a_server_that_closes_say_so(
    events, alpha, sign_in, monkeypatch
):
    monkeypatch.setattr("events.hub.STREAMS_OF_A_PERSON", 1)
    key = key_of(sign_in(alpha, "reception"))

    async def work(it):
        first = it.open(host=alpha.host, key=key)
        await first.hears("ready")
        second = it.open(host=alpha.host, key=key)
        await second.ends()
        assert second.status == 429

        it.hub.close()
        assert "bye" not in await first.ends()
        late = it.open(host=alpha.host, key=key)
        await late.ends()
        assert late.status == 429

    events(work)


def test_a_database_that_does_not_answer_is_not_an_open_door(events, alpha, sign_in):
    key = key_of(sign_in(alpha, "reception"))

    async def work(it):
        from django.db import connections

        entry = connections["default"].settings_dict
        port, entry["PORT"] = entry["PORT"], 1
        try:
            refused = it.open(host=alpha.host, key=key)
            await refused.ends()
        finally:
            entry["PORT"] = port
        assert refused.status == 503

    events(work)


def test_other_paths_and_methods_answer_nothing():
    async def ask(path: str, method: str) -> int:
        sent = []

        async def send(message):
            sent.append(message)

        hub = Hub(redis_url=settings.REDIS_URL, channels=CHANNELS)
        scope = {"type": "http", "path": path, "method": method, "headers": []}
        await server.EventServer(hub)(scope, None, send)
        return sent[0]["status"]

    async def all_of_them():
        return [
            await ask("/healthz", "GET"), await ask("/", "GET"), await ask("/events/", "POST"),
            await ask("/events/", "GET"),
        ]  # fmt: skip

    assert asyncio.run(all_of_them()) == [200, 404, 405, 401]


def test_pages_name_the_stream_in_their_policy_and_only_where_it_has_a_port(alpha, sign_in):
    page = sign_in(alpha, "reception").get("/appointments/")
    assert f"http://{alpha.host}:{settings.EVENTS_PORT}" in page["Content-Security-Policy"]
    with override_settings(EVENTS_PATH="/events/"):
        page = sign_in(alpha, "reception").get("/appointments/")
    assert "connect-src 'self';" in page["Content-Security-Policy"]
