"""Which addresses are looked at, and what the access log says of them: the route, never the address.

An address can carry a person's id, what was searched for, or a token that opens an account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import DataError

from ui import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

ROUTE = "nexus.route"
LOG_FORMAT = f'%(h)s %(t)s "%(m)s /%({{{ROUTE}}}e)s" %(s)s %(b)s %(M)sms'
"""gunicorn's: address, time, method, route, status, bytes, duration."""


class RouteMiddleware:
    """Leaves the route that answered where the server writes its log line from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.resolver_match is not None:
            request.META[ROUTE] = request.resolver_match.route
        return response


class NulMiddleware:
    """Refuses a request with a NUL: no text in the database holds one, and nobody types one.

    In an address it is seen at once. In a form Django's own fields refuse it; where a view has read a
    value by itself, the database driver does, and what the request wrote is taken back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return errors.error_response(request, 400)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DataError) and "NUL (0x00)" in str(exception):
            return errors.error_response(request, 400)
        return None
