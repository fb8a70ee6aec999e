"""`nexus events`: tells open pages what others change, until it is stopped."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand

from events.channels import Channels
from events.hub import Hub
from events.relay import Relay
from events.server import EventServer
from tenants import clusters

if TYPE_CHECKING:
    from argparse import ArgumentParser

GRACE = 5


class Command(BaseCommand):
    help = (
        "Serve the streams by which open pages learn of changes, and relay these from PostgreSQL."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1", help="the address to listen on")
        parser.add_argument("--port", type=int, default=settings.EVENTS_PORT)

    def handle(self, *_args: Any, bind: str, port: int, **_options: Any) -> None:
        with suppress(KeyboardInterrupt):
            _server(bind, port).run()


class _Server(uvicorn.Server):
    """uvicorn waits for open answers at its end, and streams have none: they are told first."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: Any = None) -> None:
        self._hub.close()
        await super().shutdown(sockets)


def _server(bind: str, port: int) -> _Server:
    channels = Channels(settings.DATABASES["default"]["NAME"])
    hub = Hub(redis_url=settings.REDIS_URL, channels=channels)
    relays = [
        Relay(database_url=url, redis_url=settings.REDIS_URL, channels=channels)
        for url in (settings.EVENTS_DATABASE_URL, *clusters.listen_urls())
    ]
    config = uvicorn.Config(
        EventServer(hub, beside=lambda: [hub.run(), *(relay.run() for relay in relays)]),
        host=bind,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        loop="asyncio",
        http="h11",
        lifespan="on",
        backlog=512,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=GRACE,
    )
    return _Server(config, hub)
