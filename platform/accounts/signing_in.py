"""Where those are sent who have not signed in, or only with half of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse
from django.shortcuts import redirect, resolve_url

if TYPE_CHECKING:
    from django.http import HttpRequest

LOGIN = "two_factor:login"
SET_UP_FACTOR = "two_factor:setup"


def answer_stranger(request: HttpRequest) -> HttpResponse:
    """Send to the log-in page and back afterwards; htmx gets 401 and takes the whole page there."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": resolve_url(LOGIN)})
    if request.method in {"GET", "HEAD"}:
        return redirect_to_login(request.get_full_path(), resolve_url(LOGIN))
    return redirect_to_login("/", resolve_url(LOGIN))


def answer_unverified(request: HttpRequest) -> HttpResponse:
    """Send to the set-up of the second factor, without which this role goes nowhere."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=403, headers={"HX-Redirect": resolve_url(SET_UP_FACTOR)})
    return redirect(SET_UP_FACTOR)
