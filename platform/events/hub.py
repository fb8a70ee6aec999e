"""Hands what comes from Valkey to the open streams of the clinic it belongs to."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import structlog
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from events.channels import ALIVE, LOOK, LOST
from events.messages import ACCOUNT, Message, MessageError
from events.topics import topic_named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis.asyncio.connection import AbstractConnection

    from events.admission import Listener
    from events.channels import Channels

log = structlog.get_logger(__name__)

STREAMS_OF_A_PERSON = 12
"""Open tabs in sight; a hidden tab closes its stream."""
STREAMS_IN_ALL = 4_000
MOST_WAITING = 40
"""So many different changes a slow reader is told one by one; with more: look at everything."""
SILENCE = 12.0
"""Seconds without a sign of life of the relay after which streams are told that they hear nothing."""
TICK = 1.0
PING_AFTER = 10.0


class TooManyStreamsError(RuntimeError):
    """The person, or the server, has as many streams as it may."""


class Stream:
    """One browser's: what it is still to be told, each thing once."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.is_doubted = False
        self.is_over = False
        self.wake = asyncio.Event()
        self._waiting: dict[tuple[str, str], None] = {}

    def hears(self, message: Message) -> bool:
        """Answer whether the message is for this listener: clinic, person and topic."""
        topic = topic_named(message.topic)
        return (
            message.tenant == self.listener.tenant_id
            and topic is not None
            and message.topic in self.listener.topics
            and (message.user == self.listener.user_id if message.user else not topic.personal)
        )

    def tell(self, event: str, text: str = "{}") -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._waiting = {("look", "{}"): None}
        self._waiting[event, text] = None
        self.wake.set()

    def doubt(self) -> None:
        """Ask anew whether the person may still listen, before anything else is said."""
        self.is_doubted = True
        self.wake.set()

    def end(self) -> None:
        self.is_over = True
        self.wake.set()

    def take(self) -> list[tuple[str, str]]:
        """Answer what is to be told now, in the order in which it came."""
        taken, self._waiting = list(self._waiting), {}
        self.wake.clear()
        return taken


class Hub:
    """Everybody who listens at this process.

    It subscribes to all clinics' channels at once and hands each message to the streams of the clinic
    that both its channel and its own words name (`dispatch`, `Stream.hears`).
    """

    def __init__(self, *, redis_url: str, channels: Channels) -> None:
        self._channels = channels
        self._pool = ConnectionPool.from_url(
            redis_url, retry=Retry(NoBackoff(), 0), socket_connect_timeout=5.0
        )
        self._streams: dict[int, set[Stream]] = {}
        self._by_person: Counter[tuple[int, str]] = Counter()
        self._heard_relay = float("-inf")
        self.is_live = False
        self.is_closed = False

    @property
    def streams(self) -> list[Stream]:
        return [stream for streams in self._streams.values() for stream in streams]

    @contextmanager
    def joined(self, listener: Listener) -> Iterator[Stream]:
        """Let a listener hear for as long as the block runs; raises TooManyStreamsError."""
        person = (listener.tenant_id, listener.user_id)
        if self._by_person[person] >= STREAMS_OF_A_PERSON or self.is_closed:
            raise TooManyStreamsError
        if sum(self._by_person.values()) >= STREAMS_IN_ALL:
            raise TooManyStreamsError
        stream = Stream(listener)
        self._streams.setdefault(listener.tenant_id, set()).add(stream)
        self._by_person[person] += 1
        try:
            yield stream
        finally:
            self._by_person[person] -= 1
            self._by_person += Counter()  # forgets whoever has none left
            streams = self._streams[listener.tenant_id]
            streams.discard(stream)
            if not streams:
                del self._streams[listener.tenant_id]

    def close(self) -> None:
        """End every stream; the browsers come back by themselves."""
        self.is_closed = True
        for stream in self.streams:
            stream.end()

    async def run(self) -> None:
        """Listen to Valkey until cancelled; what is missed while it is away, `look` makes good."""
        while True:
            connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
            try:
                await connection.connect()  # type: ignore[no-untyped-call]
                await connection.send_command("PSUBSCRIBE", self._channels.pattern)
                await self._read(connection)
            except (RedisError, OSError, TimeoutError):
                self._set_live(False)
                log.warning("The event server has lost Valkey; trying again")
            finally:
                with suppress(RedisError, OSError):
                    await connection.disconnect()
            await asyncio.sleep(TICK)

    async def _read(self, connection: AbstractConnection) -> None:
        asked = heard = time.monotonic()
        while True:
            answer = await connection.read_response(timeout=TICK)
            now = time.monotonic()
            if answer is not None:
                heard = now
                self._take(answer)
            if now - heard > 2 * PING_AFTER:
                raise TimeoutError
            if now - max(heard, asked) > PING_AFTER:
                asked = now
                await connection.send_command("PING")
            if self.is_live and now - self._heard_relay > SILENCE:
                self._set_live(False)

    def _take(self, answer: object) -> None:
        match answer:
            case [b"pmessage", _, bytes() as channel, bytes() as payload]:
                self.dispatch(channel, payload)

    def dispatch(self, channel: bytes, payload: bytes) -> None:
        """Take one message of a channel to those it is for."""
        if channel == self._channels.everyone.encode():
            if payload == LOST:
                self._set_live(False)
            elif payload == LOOK or (payload == ALIVE and not self.is_live):
                self._set_live(True)
            self._heard_relay = time.monotonic()
            return
        try:
            message = Message.parse(payload)
        except MessageError:
            return
        if message.tenant != self._channels.clinic_of(channel):
            return
        for stream in self._streams.get(message.tenant, ()):
            if message.topic == ACCOUNT and message.user == stream.listener.user_id:
                stream.doubt()
            elif stream.hears(message):
                stream.tell("change", message.for_browser())

    def _set_live(self, live: bool) -> None:
        if not live and not self.is_live:
            return
        self.is_live = live
        for stream in self.streams:
            stream.tell("look" if live else "paused")
