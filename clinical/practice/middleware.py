"""The clinic's own time zone is the active one while its request is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class ClinicTimeMiddleware:
    """Stands after the scope's middleware, which finds the clinic."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        tenant = getattr(request, "tenant", None)
        if tenant is None:
            return self.get_response(request)
        with timezone.override(ZoneInfo(tenant.time_zone)):
            return self.get_response(request)
