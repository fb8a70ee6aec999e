"""The addresses vendors post to, on the platform's own host.

They are answered before hosts, sessions and forgery checks: a vendor has no session, gets no cookie,
and what proves it is its signature. What is wrong with a request is never told: a forged one, a key
that leads nowhere and a clinic that is gone are all the same 401.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from connections import bindings, inbox, tokens
from connections.models import Connection
from ports.outcomes import BrokenConnectionError
from tenants.middleware import client_address, subdomain_of
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from connections.inbox import Event, Incoming, Reception

log = logging.getLogger(__name__)

LARGEST = 512 * 1024
A_MINUTE = RateLimitItemPerMinute(1200, namespace="hooks")
REFUSED_A_MINUTE = RateLimitItemPerMinute(30, namespace="hooks-refused")
_ROUTE = "nexus.route"


class HookMiddleware:
    """Answers `POST /hooks/<provider>/` and `/hooks/<provider>/<key>/`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(inbox.HOOKS_PATH) or subdomain_of(request.get_host()) != "":
            return self.get_response(request)
        request.META[_ROUTE] = inbox.HOOKS_PATH.strip("/")
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        return _answer(request)


def _answer(request: HttpRequest) -> HttpResponse:
    address = client_address(request)
    if not _is_allowed(address):
        return HttpResponse(status=429, headers={"Retry-After": "60"})
    body = _body(request)
    if body is None:
        return HttpResponse(status=413)
    incoming = inbox.Incoming(
        url=f"{inbox.base_url()}{request.get_full_path()}",
        headers={header.lower(): value for header, value in request.headers.items()},
        body=body,
    )
    try:
        reception = _receive(request.path, incoming)
    except inbox.ForgedError:
        _note_refused(address)
        return HttpResponse(status=401)
    return HttpResponse(reception.answer, content_type=reception.content_type)


def _body(request: HttpRequest) -> bytes | None:
    """Read the body; None where it is larger than any vendor's."""
    try:
        if int(request.headers.get("Content-Length") or 0) > LARGEST:
            return None
    except ValueError:
        return None
    body = request.read(LARGEST + 1)
    return None if len(body) > LARGEST else body


def _receive(path: str, incoming: Incoming) -> Reception:
    """Take a request in; raises ForgedError for whatever is wrong with it."""
    name, _, key = path.removeprefix(inbox.HOOKS_PATH).strip("/").partition("/")
    reception = inbox.reception_of(name)
    if reception is None:
        raise inbox.ForgedError
    if key:
        _receive_for_one(name, key, reception, incoming)
    else:
        _receive_for_all(name, reception, incoming)
    return reception


def _receive_for_one(name: str, key: str, reception: Reception, incoming: Incoming) -> None:
    """Take what came in at one clinic's own address."""
    found = bindings.find(bindings.key_digest(name, key))
    if found is None:
        raise inbox.ForgedError
    tenant, connection_id = found
    with tenant_scope(tenant) as scope:
        connection = Connection.objects.filter(pk=connection_id, provider=name).first()
        if connection is None or not connection.sealed:
            raise inbox.ForgedError
        try:
            opened = tokens.opened_from(connection, scope)
        except BrokenConnectionError:
            raise inbox.ForgedError from None
        inbox.store(name, reception.receiver.events(incoming, opened), at=timezone.now())


def _receive_for_all(name: str, reception: Reception, incoming: Incoming) -> None:
    """Take what came in at the address of all clinics: each event goes to whose account it is.

    One about an account that nobody here has is dropped: the vendor may still tell of it for a while
    after it was disconnected.
    """
    by_account: dict[str, list[Event]] = {}
    for event in reception.receiver.events(incoming, None):
        by_account.setdefault(event.account, []).append(event)
    for account, events in by_account.items():
        _store_for(name, account, events)


def _store_for(name: str, account: str, events: Sequence[Event]) -> None:
    found = bindings.find(bindings.account_digest(name, account)) if account else None
    if found is None:
        return
    with tenant_scope(found[0]):
        inbox.store(name, events, at=timezone.now())


# ── how often ────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1)
def _limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(
        storage_from_string(settings.REDIS_URL, key_prefix="connections", socket_timeout=2)
    )


def _is_allowed(address: str) -> bool:
    """Answer whether this address may be listened to: not too often, and not after many forgeries."""
    try:
        return _limiter().hit(A_MINUTE, address) and _limiter().test(REFUSED_A_MINUTE, address)
    except redis.RedisError:
        log.warning("hooks are not counted: Valkey does not answer")
        return True


def _note_refused(address: str) -> None:
    try:
        _limiter().hit(REFUSED_A_MINUTE, address)
    except redis.RedisError:
        log.warning("a refused hook was not counted: Valkey does not answer")


def path_of(url: str) -> str:
    """Answer the path of an address that was given out, as tests and peers post to it."""
    return urlsplit(url).path
