"""The event server: one process, one task a stream, no thread held by a browser that only listens.

GET /events/   text/event-stream for the person of the session (`ui/live.js` reads it)
GET /healthz   the process answers
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.http import parse_cookie

from events.admission import FORBIDDEN, NOT_FOUND, STRANGER, Listener, NotAdmittedError, admit
from events.hub import Hub, Stream, TooManyStreamsError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

log = structlog.get_logger(__name__)

PATH = "/events/"
BEAT = 15.0
"""Seconds of silence after which a stream says that it is alive."""
CHECK_EVERY = 55.0
"""Seconds, at most, between two looks at whether the person may still listen."""
PAUSE = 0.2
"""Seconds between two sendings: what comes meanwhile is told once."""
RETRY = 3_000
"""Milliseconds after which a browser comes back; pages with our script wait longer each time."""
MOST_AT_THE_DOOR = 200
DOOR_THREADS = 4

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, private"),
    (b"x-accel-buffering", b"no"),
]
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"same-origin"),
    (b"vary", b"Origin, Cookie"),
]


class EventServer:
    """The ASGI application. `beside` are what runs as long as it does: the hub's and the relay's tasks."""

    def __init__(
        self, hub: Hub, *, beside: Callable[[], list[Coroutine[Any, Any, None]]] = list
    ) -> None:
        self.hub = hub
        self._beside = beside
        self._door = ThreadPoolExecutor(DOOR_THREADS, thread_name_prefix="admission")
        self._at_the_door = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    # ── the process ──────────────────────────────────────────────────────────────────────────────

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        tasks = [asyncio.create_task(_for_ever(work)) for work in self._beside()]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.hub.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._door.shutdown(wait=False, cancel_futures=True)
        await send({"type": "lifespan.shutdown.complete"})

    # ── one request ──────────────────────────────────────────────────────────────────────────────

    async def _answer(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] == "/healthz":
            await _finish(send, HTTPStatus.OK)
        elif scope["path"] != PATH:
            await _finish(send, NOT_FOUND)
        elif scope["method"] != "GET":
            await _finish(send, HTTPStatus.METHOD_NOT_ALLOWED)
        else:
            await self._open(_Visitor.of(scope), receive, send)

    async def _open(self, visitor: _Visitor, receive: Any, send: Any) -> None:
        with ExitStack() as stack:
            try:
                listener = await self._admit(visitor)
                stream = stack.enter_context(self.hub.joined(listener))
            except NotAdmittedError as refused:
                await _finish(send, refused.status)
            except TooManyStreamsError:
                await _finish(send, HTTPStatus.TOO_MANY_REQUESTS)
            except (DatabaseError, OSError):
                await _finish(send, HTTPStatus.SERVICE_UNAVAILABLE)
            else:
                headers = [*_HEADERS, *_ALWAYS, *visitor.cors()]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await self._stream(stream, visitor, receive, send)

    async def _admit(self, visitor: _Visitor) -> Listener:
        """Ask in a thread; a crowd at the door is sent away, not let in line."""
        if visitor.is_from_elsewhere:
            raise NotAdmittedError(FORBIDDEN)
        if not visitor.session_key:
            raise NotAdmittedError(STRANGER)
        if self._at_the_door >= MOST_AT_THE_DOOR:
            raise TooManyStreamsError
        self._at_the_door += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._door, visitor.enter)
        finally:
            self._at_the_door -= 1

    async def _stream(self, stream: Stream, visitor: _Visitor, receive: Any, send: Any) -> None:
        gone = asyncio.create_task(_until_gone(receive))
        try:
            topics = sorted(stream.listener.topics)
            hello = json.dumps({"live": self.hub.is_live, "topics": topics})
            await _say(send, f"retry: {RETRY}\n", ("ready", hello))
            check_at = _next_check()
            while not (gone.done() or stream.is_over):
                await _wait(stream, gone, min(BEAT, max(0.0, check_at - time.monotonic())))
                if stream.is_doubted or time.monotonic() >= check_at:
                    stream.is_doubted = False
                    if not await self._may_stay(stream, visitor):
                        await _say(send, "", ("bye", "{}"))
                        break
                    check_at = _next_check()
                said = stream.take()
                await _say(send, "", *(said or [("beat", "{}")]))
                await asyncio.sleep(PAUSE)
        finally:
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone
            with suppress(OSError):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _may_stay(self, stream: Stream, visitor: _Visitor) -> bool:
        """Ask again. A database that does not answer ends the stream too; the page then asks itself."""
        try:
            return await self._admit(visitor) == stream.listener
        except NotAdmittedError:
            return False
        except (DatabaseError, OSError, TooManyStreamsError):
            stream.end()
            return True


class _Visitor:
    """What a request says of who asks."""

    def __init__(self, headers: dict[bytes, str]) -> None:
        self.host = headers.get(b"host", "")
        self.origin = headers.get(b"origin", "")
        self._site = headers.get(b"sec-fetch-site", "")
        cookies = parse_cookie(headers.get(b"cookie", ""))
        self.session_key = cookies.get(settings.SESSION_COOKIE_NAME, "")

    @classmethod
    def of(cls, scope: dict[str, Any]) -> _Visitor:
        return cls({name: value.decode("latin-1") for name, value in scope["headers"]})

    @property
    def is_from_elsewhere(self) -> bool:
        """Whether another site asks. A neighbour's page is of the same site: its origin tells."""
        ours = {"", "none", "same-origin", *(["same-site"] if self.origin else [])}
        return self._site not in ours

    def enter(self) -> Listener:
        return admit(host=self.host, origin=self.origin, session_key=self.session_key)

    def cors(self) -> list[tuple[bytes, bytes]]:
        """Let the clinic's own page read the answer: only once its origin was found right."""
        if not self.origin:
            return []
        return [
            (b"access-control-allow-origin", self.origin.encode("latin-1")),
            (b"access-control-allow-credentials", b"true"),
        ]


async def _say(send: Any, before: str, *events: tuple[str, str]) -> None:
    text = before + "".join(f"event: {event}\ndata: {data}\n\n" for event, data in events)
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _finish(send: Any, status: int) -> None:
    headers = [*_ALWAYS, (b"cache-control", b"no-store"), (b"content-length", b"0")]
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        headers.append((b"retry-after", b"30"))
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _wait(stream: Stream, gone: asyncio.Task[None], seconds: float) -> None:
    """Wait until there is something to say, or nobody to say it to, or the time is up."""
    woken = asyncio.create_task(stream.wake.wait())
    try:
        await asyncio.wait({woken, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        woken.cancel()


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _for_ever(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("A part of the event server has ended")
        os.kill(os.getpid(), signal.SIGTERM)  # the supervisor starts a whole one


def _next_check() -> float:
    return time.monotonic() + CHECK_EVERY * (0.7 + secrets.randbelow(300) / 1000)
