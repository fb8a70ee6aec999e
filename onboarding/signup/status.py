"""How the platform is, for anybody who asks: nothing of any clinic."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connections
from redis import Redis
from redis.exceptions import RedisError

from tenants.scope import current_scope

WORKER_KEY = "t0:worker-seen"
LATE_AFTER = 180
"""Seconds; a worker says every minute that it is there."""


@dataclass(frozen=True)
class Part:
    """One part of the platform and how it is."""

    name: str
    about: str
    is_well: bool
    words: str


def parts() -> list[Part]:
    """Look at every part; the caller is in a shared scope."""
    return [
        Part("Pages", "What you see in the browser", is_well=True, words="Working"),
        _database(),
        *_queue(),
    ]


def note_worker() -> None:
    """Say that a worker is at work; called by a task of the beat."""
    with _valkey() as client:
        client.set(WORKER_KEY, int(time.time()), ex=24 * 3600)


def _database() -> Part:
    name, about = "Database", "Where the records of all clinics stand"
    try:
        with connections[current_scope().alias].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return Part(name, about, is_well=False, words="Does not answer")
    return Part(name, about, is_well=True, words="Working")


def _queue() -> list[Part]:
    queue = ("Queue", "What waits to be done in the background")
    worker = ("Background work", "Mails, reminders, imports, exports")
    try:
        with _valkey() as client:
            waiting, seen = client.llen("celery"), client.get(WORKER_KEY)
    except RedisError:
        return [Part(*queue, is_well=False, words="Does not answer")]
    parts = [Part(*queue, is_well=True, words=f"Working, {waiting or 'nothing'} waiting")]
    if seen is not None:
        late = time.time() - int(seen) > LATE_AFTER
        parts.append(Part(*worker, is_well=not late, words="Late" if late else "Working"))
    return parts


def _valkey() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=2)
