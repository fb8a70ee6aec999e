"""Security headers on every answer, and a nonce for the few elements that need one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from ui import csp

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

HSTS = "max-age=63072000; includeSubDomains"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=(), "
        "publickey-credentials-get=(self), publickey-credentials-create=(self)"
    ),
}


class SecurityHeadersMiddleware:
    """Sets `request.csp_nonce` and the headers; a header a view has set itself stays."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.csp_nonce = nonce = secrets.token_urlsafe(18)  # type: ignore[attr-defined]
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if "Content-Security-Policy" not in response.headers:
            response.headers["Content-Security-Policy"] = csp.policy(
                nonce, csp.extras(response), secure=request.is_secure()
            )
        if request.is_secure():
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        # Every answer that comes this far was made for one person; static files never do.
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response
