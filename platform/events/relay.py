"""Carries PostgreSQL's notifications into Valkey. Of several relays one works, the others stand by.

Nothing is kept and nothing sent again: whenever something may have been missed, everybody is told to
look again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from events.channels import ALIVE, LOOK, LOST
from events.messages import LISTEN, Message, MessageError

if TYPE_CHECKING:
    from events.channels import Channels

log = structlog.get_logger(__name__)

LOCK = 7_101_118_116
"""The advisory lock of the relay that works: one of all clinics, so it carries no clinic."""
ALIVE_EVERY = 4.0
"""Seconds between two signs of life, each after the database has answered."""
STAND_BY = 1.0
PATIENCE = 5.0
_CONNECTION = {
    "autocommit": True,
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "application_name": "nexus-events",
}


class Relay:
    """`run` ends only by being cancelled."""

    def __init__(self, *, database_url: str, redis_url: str, channels: Channels) -> None:
        self._database_url = database_url
        self._channels = channels
        self._valkey = Redis.from_url(
            redis_url,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=PATIENCE,
            socket_timeout=PATIENCE,
        )
        self._missed = True
        self._works = False

    async def run(self) -> None:
        try:
            while True:
                self._missed = True
                try:
                    await self._listen()
                except (psycopg.Error, OSError, TimeoutError):
                    log.warning("The event relay has lost the database; trying again")
                    if self._works:
                        self._works = False
                        await self._publish(self._channels.everyone, LOST)
                await asyncio.sleep(STAND_BY)
        finally:
            await self._valkey.aclose()

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(self._database_url, **_CONNECTION)  # type: ignore[arg-type]
        async with connection:
            await self._take_turn(connection)
            await connection.execute(LISTEN)
            self._works = True
            log.info("The event relay listens")
            await self._sign_of_life()
            while True:
                async for notify in connection.notifies(timeout=ALIVE_EVERY):
                    await self._pass_on(notify.payload)
                async with asyncio.timeout(PATIENCE):
                    await connection.execute("SELECT 1")
                await self._sign_of_life()

    async def _take_turn(self, connection: psycopg.AsyncConnection) -> None:
        """Wait until no other relay works; asking anew each time holds back no vacuum."""
        while True:
            cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            if (await cursor.fetchone()) == (True,):
                return
            await asyncio.sleep(STAND_BY)

    async def _pass_on(self, payload: str) -> None:
        try:
            message = Message.parse(payload)
        except MessageError:
            log.warning("Something that is no message came by the channel of events")
            return
        await self._publish(self._channels.of_clinic(message.tenant), message.payload().encode())

    async def _sign_of_life(self) -> None:
        if self._missed:
            self._missed = False
            await self._publish(self._channels.everyone, LOOK)
        if not self._missed:
            await self._publish(self._channels.everyone, ALIVE)

    async def _publish(self, channel: str, payload: bytes) -> None:
        try:
            await self._valkey.publish(channel, payload)
        except (RedisError, OSError):
            self._missed = True
            log.warning("The event relay cannot reach Valkey")
