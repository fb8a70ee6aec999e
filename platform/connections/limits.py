"""What a vendor allows one account, counted in Valkey: at once, a minute, a day.

The vendor's own word (429, Retry-After) stands above these counts. Where Valkey has lost them or does
not answer, work goes on and the vendor's word is all there is.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import lru_cache
from time import monotonic, sleep, time
from typing import TYPE_CHECKING
from uuid import uuid4

import redis
from django.conf import settings
from limits import RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

from ports.outcomes import RetryLaterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from limits import RateLimitItem

    from connections.providers import Provider

log = logging.getLogger(__name__)

SLOT_SECONDS = 120
"""A slot whose holder died is free again after this."""
PATIENCE_SECONDS = 5.0
MOST = 10_000

_TAKE_SLOT = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
"""


class BusyError(RetryLaterError):
    """The account's own allowance is used up for now; nothing was sent."""


@lru_cache(maxsize=1)
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


@lru_cache(maxsize=1)
def _windows() -> MovingWindowRateLimiter:
    url = settings.REDIS_URL
    storage = storage_from_string(url, key_prefix="connections", socket_timeout=2)
    return MovingWindowRateLimiter(storage)


@lru_cache(maxsize=1)
def _days() -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(_windows().storage)


def _items(provider: Provider) -> list[tuple[RateLimitItem, object]]:
    found: list[tuple[RateLimitItem, object]] = []
    if provider.limits.a_minute:
        found.append((RateLimitItemPerMinute(provider.limits.a_minute), _windows()))
    if provider.limits.a_day:
        found.append((RateLimitItemPerDay(provider.limits.a_day), _days()))
    return found


def room(clinic: int, provider: Provider) -> tuple[int, float]:
    """Answer how many requests the account has left, and in how many seconds it has more."""
    left, wait = MOST, 0.0
    try:
        for item, limiter in _items(provider):
            stats = limiter.get_window_stats(item, str(clinic), provider.key)  # type: ignore[attr-defined]
            if stats.remaining < left:
                left, wait = stats.remaining, max(stats.reset_time - time(), 1.0)
    except redis.RedisError:
        log.warning("the allowance of a vendor could not be read: Valkey does not answer")
    return left, wait


@contextmanager
def slot(clinic: int, provider: Provider) -> Iterator[None]:
    """Count one request and hold its place among those at once; raises BusyError.

    Waits a little for a place; for the next minute or day it does not.
    """
    key, name = f"connections:slots:{clinic}:{provider.key}", uuid4().hex
    held = False
    try:
        held = _take_slot(key, name, provider)
        _count(clinic, provider)
    except redis.RedisError:
        log.warning("a request to a vendor was not counted: Valkey does not answer")
    except BusyError:
        _give_back(key, name)
        raise
    try:
        yield
    finally:
        if held:
            _give_back(key, name)


def _take_slot(key: str, name: str, provider: Provider) -> bool:
    if not provider.limits.at_once:
        return False
    ends = monotonic() + PATIENCE_SECONDS
    while True:
        now = time()
        arguments: list[str | float] = [
            now,
            now + SLOT_SECONDS,
            provider.limits.at_once,
            name,
            SLOT_SECONDS,
        ]
        if _valkey().eval(_TAKE_SLOT, 1, key, *arguments):
            return True
        if monotonic() > ends:
            raise BusyError(f"{provider.name} is being asked as often as it allows.", after=5.0)
        sleep(0.05)


def _give_back(key: str, name: str) -> None:
    try:
        _valkey().zrem(key, name)
    except redis.RedisError:
        log.warning("a vendor's slot was not given back; it frees itself")


def _count(clinic: int, provider: Provider) -> None:
    for item, limiter in _items(provider):
        if not limiter.hit(item, str(clinic), provider.key):  # type: ignore[attr-defined]
            _left, wait = room(clinic, provider)
            raise BusyError(
                f"{provider.name} allows no more for now; it goes on by itself.", after=wait or 1.0
            )
