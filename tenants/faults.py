"""How many requests of a clinic ended in a fault of ours, by the hour: numbers, and nothing of the requests.

They stand in Valkey and are gone after a day: what went wrong is in the log.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import redis
from django.core.cache import cache
from django.utils import timezone

from tenants.scope import active_scope

log = logging.getLogger(__name__)
HOURS = 24
KEPT = timedelta(hours=HOURS + 1)


def note_fault(**_signal: Any) -> None:
    """Count a request that an exception has ended; the receiver of Django's `got_request_exception`."""
    scope = active_scope()
    if scope is None or not scope.is_clinic:
        return
    key = _keys()[0]
    try:
        cache.add(key, 0, timeout=KEPT.total_seconds())
        cache.incr(key)
    except (redis.RedisError, ValueError) as error:  # Valkey may be what the request has failed by
        log.warning("a fault was not counted: %s", type(error).__name__)


def faults_of_a_day() -> int:
    """Answer how many there were in the running scope's clinic in 24 hours; none where none is known."""
    try:
        return sum(cache.get_many(_keys()).values())
    except redis.RedisError as error:
        log.warning("faults cannot be counted: %s", type(error).__name__)
        return 0


def _keys() -> list[str]:
    """Name the counters of this hour and those before."""
    now = timezone.now()
    return [f"faults:{now - timedelta(hours=ago):%Y%m%d%H}" for ago in range(HOURS)]
