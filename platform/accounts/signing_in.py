"""Who counts as signed in, and where all others are sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse
from django.shortcuts import redirect, resolve_url

from tenants.scope import act_as, current_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from accounts.models import User

View = TypeVar("View", bound="Callable[..., Any]")

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


def name_actor(user: User) -> None:
    """Tell the audit trail who acts for the rest of this scope, and the walls how far they see."""
    from accounts.permissions import sees_only_assigned

    reach = "" if sees_only_assigned(user) else "all"
    act_as(replace(current_scope().actor, id=str(user.pk), label=user.name, reach=reach))


def before_second_factor(view: View) -> View:
    """Let those through who must set up a second factor and have not: the set-up itself, log-out."""
    view.before_second_factor = True  # type: ignore[attr-defined]
    return view
