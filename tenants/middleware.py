"""The host decides whose data a request may touch; the whole request is one transaction of that scope."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.shortcuts import render
from django.urls import set_urlconf

from tenants.closing import OPEN, closed_response, moved_response
from tenants.lifecycle import moved_to
from tenants.models import Tenant
from tenants.scope import (
    Actor,
    Scope,
    current_scope,
    entered,
    platform_scope,
    public_scope,
    scope_of,
)
from tenants.serving import clinic_at, is_behind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class ScopeMiddleware:
    """Finds the clinic of the host, opens its scope, picks its URLs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        request.tenant = None  # type: ignore[attr-defined]
        request.META["REMOTE_ADDR"] = client_address(request)
        request.scope_failed = False  # type: ignore[attr-defined]
        label = subdomain_of(request.get_host())
        actor = Actor(
            request_id=request.request_id,  # type: ignore[attr-defined]
            address=request.META.get("REMOTE_ADDR", ""),
        )
        if label == "":
            request.urlconf = settings.ROOT_URLCONF
            return self._respond(request, public_scope(actor=actor))
        if label == settings.OPERATORS_SUBDOMAIN:
            request.urlconf = settings.OPERATORS_URLCONF
            return self._respond(request, platform_scope(actor=actor))
        with public_scope():
            tenant = clinic_at(label) if label else None
            renamed = moved_to(label) if label and tenant is None else None
        if renamed is not None:
            return moved_response(request, renamed)
        if tenant is None or tenant.state in {Tenant.State.DELETED, Tenant.State.CREATING}:
            return render(request, "ui/no_clinic.html", {"host": request.get_host()}, status=404)
        if tenant.state not in OPEN or is_behind(tenant):
            return closed_response(request, tenant)
        request.tenant = tenant  # type: ignore[attr-defined]
        request.urlconf = settings.CLINIC_URLCONF
        return self._respond(request, entered(Scope(**_fields(tenant, actor))))

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Take back what a failed view wrote; a page that was not found has written nothing."""
        if not isinstance(exception, Http404):
            request.scope_failed = True  # type: ignore[attr-defined]

    def _respond(
        self, request: HttpRequest, scope: AbstractContextManager[Scope]
    ) -> HttpResponseBase:
        set_urlconf(request.urlconf)
        with scope:
            response = self.get_response(request)
            if request.scope_failed:  # type: ignore[attr-defined]
                transaction.set_rollback(True, using=current_scope().alias)
            if response.streaming:
                _stream_in_scope(response, current_scope())
        return response


def _fields(tenant: Tenant, actor: Actor) -> dict[str, Any]:
    scope = scope_of(tenant)
    return {
        "schema": scope.schema,
        "tenant_id": scope.tenant_id,
        "label": scope.label,
        "actor": actor,
        "name": scope.name,
        "time_zone": scope.time_zone,
        "plan": scope.plan,
        "cluster": scope.cluster,
        "is_sandbox": scope.is_sandbox,
    }


def client_address(request: HttpRequest) -> str:
    """Answer who asks: the address that the outermost of our own proxies saw.

    What a client itself writes into X-Forwarded-For stands further left and is never believed.
    """
    hops = settings.TRUSTED_PROXIES
    seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if hops and len(seen) >= hops and seen[-hops]:
        return seen[-hops]
    return str(request.META.get("REMOTE_ADDR", ""))


def subdomain_of(host: str) -> str | None:
    """Answer the clinic's part of a host: "" for the platform itself, None for a foreign host."""
    name = host.rsplit(":", 1)[0].lower().rstrip(".")
    if name == settings.BASE_DOMAIN:
        return ""
    label, _, rest = name.partition(".")
    return label if rest == settings.BASE_DOMAIN else None


def _stream_in_scope(response: Any, scope: Scope) -> None:
    """Make each part of a streamed answer in a short transaction of the same scope.

    The server iterates over the parts long after the request's transaction has ended.
    """
    if response.is_async:
        return
    parts = iter(response.streaming_content)

    def scoped() -> Iterator[bytes]:
        while True:
            with entered(scope):
                part = next(parts, None)
            if part is None:
                return
            yield part

    response.streaming_content = scoped()
