"""Which clinics have an import at work, known without opening each of a thousand clinics.

A set of clinic ids in Valkey, shared by all clinics: it holds numbers only. It is a hint. Where it is
lost, a sweep through every clinic once an hour finds what it has forgotten.
"""

from __future__ import annotations

import logging
from functools import lru_cache, partial
from typing import TYPE_CHECKING, cast

import redis
from django.conf import settings
from django.db import transaction

from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)
KEY = "nexus:imports:at-work"


@lru_cache(maxsize=1)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)


def _valkey() -> redis.Redis:
    return _client(settings.REDIS_URL)


def mark() -> None:
    """Note, once the transaction is kept, that the clinic in scope has a run at work."""
    scope = current_scope()
    transaction.on_commit(partial(_add, scope.tenant_id), using=scope.alias, robust=True)


def _add(tenant_id: int) -> None:
    try:
        _valkey().sadd(KEY, tenant_id)
    except redis.RedisError as error:
        log.warning("the clinic at work could not be noted: %s", type(error).__name__)


def marked() -> Iterator[int]:
    """Answer the clinics noted, each taken off before it is looked at.

    Whoever finds a run there notes the clinic again: what begins meanwhile is not lost so.
    """
    try:
        found = cast("set[bytes]", _valkey().smembers(KEY))
    except redis.RedisError as error:
        log.warning("the clinics at work could not be asked for: %s", type(error).__name__)
        return
    for tenant_id in sorted(int(text) for text in found):
        _valkey().srem(KEY, tenant_id)
        yield tenant_id


def keep_marked(tenant_id: int) -> None:
    """Note a clinic again that still has a run at work."""
    _add(tenant_id)
