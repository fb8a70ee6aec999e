"""How many clinics one address may ask for."""

from __future__ import annotations

import time

from django.conf import settings
from limits import RateLimitItemPerHour
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

PER_HOUR = RateLimitItemPerHour(20)


class SignupThrottle:
    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(RedisStorage(settings.REDIS_URL))

    def hit(self, address: str) -> int:
        """Count one attempt; answers the seconds to wait, 0 where there is room."""
        if self._limiter.hit(PER_HOUR, "t0:signup", address):
            return 0
        window = self._limiter.get_window_stats(PER_HOUR, "t0:signup", address)
        return max(1, int(window.reset_time - time.time()))
