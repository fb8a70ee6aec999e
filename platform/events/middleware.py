"""Lets a clinic's pages open their stream where it has a port of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from events.addresses import stream_origin
from ui import csp

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class StreamPolicyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        tenant = getattr(request, "tenant", None)
        if tenant is not None and (origin := stream_origin(tenant)):
            csp.allow(response, "connect-src", origin)
        return response
