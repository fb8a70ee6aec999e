"""How often somebody may ask: by network, by mail address, and by the mail's domain.

What is counted does not depend on who is known, so the answer tells nothing about anybody.
"""

from __future__ import annotations

import ipaddress
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from limits import RateLimitItemPerHour
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from accounts.trail import fingerprint
from onboarding.subscription.offer import offer

if TYPE_CHECKING:
    from limits import RateLimitItem

FROM_NETWORK = RateLimitItemPerHour(20, namespace="signup-network")
LOOKS_FROM_NETWORK = RateLimitItemPerHour(600, namespace="signup-looks")
TO_PERSON = RateLimitItemPerHour(5, namespace="signup-person")
TO_DOMAIN = RateLimitItemPerHour(20, namespace="signup-domain")
TO_SHARED_DOMAIN = RateLimitItemPerHour(300, namespace="signup-shared-domain")
_IPV6_SITE = 64


@lru_cache(maxsize=1)
def _limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(storage_from_string(settings.REDIS_URL))


def admit_sign_up(address: str, email: str) -> int:
    """Count a mail that is asked for; answers the seconds to wait, 0 where there is room."""
    domain = email.rpartition("@")[2].lower()
    shared = domain in offer().shared_mail_domains
    return (
        _wait(FROM_NETWORK, network_of(address))
        or _wait(TO_PERSON, fingerprint(email))
        or _wait(TO_SHARED_DOMAIN if shared else TO_DOMAIN, domain)
    )


def admit_look(address: str) -> int:
    """Count a question whether an address is free."""
    return _wait(LOOKS_FROM_NETWORK, network_of(address))


def network_of(address: str) -> str:
    """Answer who asks: the address, or of IPv6 the site's part, in which one host has many."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 6:  # noqa: PLR2004
        return str(ipaddress.ip_network((found, _IPV6_SITE), strict=False))
    return str(found)


def _wait(item: RateLimitItem, *who: str) -> int:
    key = ("t0", *who)
    if _limiter().hit(item, *key):
        return 0
    return max(1, int(_limiter().get_window_stats(item, *key).reset_time - time.time()))
