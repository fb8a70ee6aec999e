"""`/healthz`: the process answers. `/readyz`: what it needs answers too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis
from django.conf import settings
from django.db import DatabaseError
from django.http import JsonResponse

from tenants.models import Tenant
from tenants.scope import public_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class HealthMiddleware:
    """Answers before hosts, scopes and sessions: a broken database must not hide behind an error."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path == "/healthz":
            return JsonResponse({"ok": True})
        if request.path == "/readyz":
            checks = {"database": _database(), "queue": _queue()}
            ok = all(value == "ok" for value in checks.values())
            return JsonResponse({"ok": ok, **checks}, status=200 if ok else 503)
        return self.get_response(request)


def _database() -> str:
    try:
        with public_scope():
            Tenant.objects.first()
            return "ok"
    except DatabaseError:
        return "does not answer"


def _queue() -> str:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2) as client:
            client.ping()
    except redis.RedisError:
        return "does not answer"
    return "ok"
