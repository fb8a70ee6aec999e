"""Who may knock at the operators' host at all: looked at before anybody can sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse

from operators.networks import admits, allowed_networks

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

REFUSAL = "403: this host answers from the operators’ own networks only.\n"


class AdmissionMiddleware:
    """Stands right behind the scope's middleware, which has made REMOTE_ADDR the client's address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if getattr(request, "urlconf", None) == settings.OPERATORS_URLCONF:
            networks = allowed_networks()
            if networks and not admits(request.META.get("REMOTE_ADDR", ""), networks):
                return HttpResponse(REFUSAL, status=403, content_type="text/plain; charset=utf-8")
        return self.get_response(request)
