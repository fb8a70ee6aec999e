"""How often somebody may try: per person and address, per address, and slower per person.

Every try is counted before it is looked at, in one atomic step, so that many at once do not slip
through. Nobody can lock another person out: from an address the person has signed in from before,
only that address's own tries count.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from math import ceil
from time import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from limits import RateLimitItemPerHour, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter
from redis.exceptions import RedisError

from accounts.trail import fingerprint
from tenants.scope import current_scope

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.storage import Storage
    from limits.strategies import RateLimiter

PERSON_AND_ADDRESS = RateLimitItemPerMinute(5, 15, namespace="password-person-address")
ADDRESS = RateLimitItemPerMinute(100, 15, namespace="password-address")
PERSON = RateLimitItemPerHour(20, namespace="password-person")
PERSON_SLOWED = RateLimitItemPerSecond(1, 10, namespace="password-person-slowed")
CODES = RateLimitItemPerMinute(5, 15, namespace="code")
CODES_A_DAY = RateLimitItemPerHour(30, 24, namespace="code-day")
MAILS_TO_PERSON = RateLimitItemPerHour(3, namespace="mail-person")
MAILS_FROM_ADDRESS = RateLimitItemPerHour(20, namespace="mail-address")
LINKS_MISSED = RateLimitItemPerMinute(20, 15, namespace="link-missed")
LINK_ANSWERS = RateLimitItemPerHour(300, namespace="link-answers")
API_CALLS = RateLimitItemPerMinute(240, namespace="api-calls")
KNOWN_FOR = 90 * 24 * 60 * 60
_IPV6_SITE = 64


class TooManyAttemptsError(Exception):
    """Tried too often; `retry_after` says in how many seconds the next try counts."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts; the next one counts in {retry_after} seconds.")
        self.retry_after = retry_after


class ThrottleUnavailableError(Exception):
    """Tries cannot be counted, so none is let through: bring the Valkey at REDIS_URL back."""


@lru_cache(maxsize=1)
def limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(_storage())


@lru_cache(maxsize=1)
def refundable() -> FixedWindowRateLimiter:
    """Answer the limiter whose counts can be given back."""
    return FixedWindowRateLimiter(_storage())


@lru_cache(maxsize=1)
def _storage() -> Storage:
    return storage_from_string(settings.REDIS_URL)  # type: ignore[return-value]


def admit_password(email: str) -> None:
    """Count a try to sign in from the request's address; raises TooManyAttemptsError."""
    person, address = fingerprint(email), _network()
    _count(ADDRESS, address, by=refundable())
    _count(PERSON_AND_ADDRESS, person, address)
    try:
        _count(PERSON, person)
    except TooManyAttemptsError:
        if not _knows(person, address):
            _count(PERSON_SLOWED, person)


def forgive_password(email: str) -> None:
    """Forget the wrong tries of somebody who has now signed in, and know their address.

    The address gets this try back: a clinic's people all come from one.
    """
    person, address = fingerprint(email), _network()
    limiter().clear(PERSON_AND_ADDRESS, current_scope().key, person, address)
    key = ADDRESS.key_for(current_scope().key, address)
    refundable().storage.incr(key, ADDRESS.get_expiry(), amount=-1)
    cache.set(f"signed-in:{person}:{address}", 1, KNOWN_FOR)


def admit_code(user_id: object) -> None:
    """Count a try of a second factor, from any address: whoever tries has the password."""
    _count(CODES_A_DAY, str(user_id))
    _count(CODES, str(user_id))


def forgive_codes(user_id: object) -> None:
    """Forget the wrong codes of somebody who has now given a right one."""
    for item in (CODES, CODES_A_DAY):
        limiter().clear(item, current_scope().key, str(user_id))


def admit_mail(email: str) -> None:
    """Count a request for a mail, whether or not the address belongs to anybody."""
    _count(MAILS_FROM_ADDRESS, _network())
    _count(MAILS_TO_PERSON, fingerprint(email))


def admit_link_missed() -> None:
    """Count a link that leads to nothing, of a patient or of somebody who guesses, by address."""
    _count(LINKS_MISSED, _network())


def admit_link_answer(link_id: object) -> None:
    """Count what is sent on a patient's link."""
    _count(LINK_ANSWERS, str(link_id))


def admit_api_call(user_id: object) -> None:
    """Count what a person's programs ask."""
    _count(API_CALLS, str(user_id))


def _count(item: RateLimitItem, *who: str, by: RateLimiter | None = None) -> None:
    key, by = (current_scope().key, *who), by or limiter()
    try:
        if by.hit(item, *key):
            return
        reset = by.get_window_stats(item, *key).reset_time
    except RedisError as error:
        raise ThrottleUnavailableError(str(error)) from error
    raise TooManyAttemptsError(max(1, ceil(reset - time())))


def _knows(person: str, address: str) -> bool:
    return cache.get(f"signed-in:{person}:{address}") is not None


def _network() -> str:
    """Answer who asks: the address, or of IPv6 the site's part, in which one host has many."""
    text = current_scope().actor.address
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if address.version == 6:  # noqa: PLR2004
        return str(ipaddress.ip_network((address, _IPV6_SITE), strict=False))
    return str(address)
