"""Every URL of every host, found in the URLconf, tried by a stranger, each role and the neighbour.

A route that neither asks the permission table nor stands in OPEN or OWN below fails here.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.urls import URLPattern, URLResolver

from accounts.models import User
from accounts.permissions import allows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

OPEN = {
    "two_factor:login": "how people come in",
    "passkeys:login_options": "how people come in: for who has given the right password",
    "passkeys:login": "how people come in: for who has given the right password",
    "accounts:password_reset": "for people who cannot come in",
    "accounts:password_reset_sent": "for people who cannot come in",
    "accounts:password_reset_confirm": "carries its own token",
    "accounts:join": "for people who are not in yet",
    "accounts:invitation": "carries its own token",
    "pwa:manifest": "the app's name and icons; browsers fetch it without cookies",
    "pwa:service_worker": "a script of ours, the same for everybody",
    "pwa:offline": "says that there is no network; the same for everybody",
    "measures:answer": "a patient's questionnaire: carries its own token",
    "support:enter": "carries its own token",
    "support:leave": "ends the visit of whoever asks; nothing for anybody else",
    "support:bar": "the visitor's own; for anybody else it has the page asked for again",
    "styleguide": "shows components, no data; only with DEBUG",
}
OWN = {
    "two_factor:profile",
    "two_factor:setup",
    "two_factor:replace",
    "two_factor:disable",
    "two_factor:backup_tokens",
    "passkeys:list",
    "passkeys:new",
    "passkeys:options",
    "passkeys:add",
    "passkeys:rename",
    "passkeys:remove",
    "announcements:dismiss",
    "accounts:logout",
    "accounts:account",
    "accounts:password",
    "accounts:end_other_sessions",
    "accounts:end_session",
    "home",
}
"""Pages about the person who is signed in: any role, but nobody else's."""

CLINIC_ROLES = [role for role in User.Role if role != User.Role.OPERATOR]
DUMMY = {
    "UUIDConverter": "019b0000-0000-7000-8000-000000000000",
    "IntConverter": "1",
    "SlugConverter": "x",
    "StringConverter": "x",
    "PathConverter": "x",
}


@dataclass(frozen=True)
class Route:
    name: str
    path: str
    view: Any

    @property
    def permission(self) -> Any:
        view = getattr(self.view, "view_class", None)
        return getattr(self.view, "permission", None) or getattr(view, "permission", None)


def _routes(urlconf: str) -> list[Route]:
    return list(_walk(import_module(urlconf).urlpatterns, "/", ""))


def _walk(patterns: Any, prefix: str, namespace: str) -> Any:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry.url_patterns, path, inner)
        elif isinstance(entry, URLPattern):
            for name, converter in entry.pattern.converters.items():
                kind = type(converter).__name__
                for written in (f"<{kind[:-9].lower()}:{name}>", f"<{name}>"):
                    path = path.replace(written, DUMMY[kind])
            yield Route(f"{namespace}{entry.name}", path, entry.callback)


CLINIC = _routes(settings.CLINIC_URLCONF)
OPERATORS = _routes(settings.OPERATORS_URLCONF)
GUARDED = [route for route in CLINIC if route.permission]


def _ask(client: Client, route: Route) -> Any:
    """GET, or POST where only that is allowed."""
    response = client.get(route.path)
    return client.post(route.path) if response.status_code == 405 else response


def _is_sent_to_log_in(response: Any) -> bool:
    return response.status_code in {302, 401, 403} and (
        "/login" in response.headers.get("Location", "/login")
        or "/login" in response.headers.get("HX-Redirect", "")
    )


def _each(client: Client, routes: Iterable[Route], using: str = "default") -> Iterator[Any]:
    """Ask for one route after another, each as if nothing had been asked before."""
    raw = connections[using].connection
    for route in routes:
        raw.execute("SAVEPOINT before_it")
        try:
            yield route, _ask(client, route)
        finally:
            raw.execute("ROLLBACK TO before_it")


def _closed(routes: list[Route]) -> list[Route]:
    return [route for route in routes if route.name not in OPEN]


def _that_let_in(client: Client, routes: list[Route], using: str = "default") -> list[Any]:
    return [
        (route.name, response.status_code)
        for route, response in _each(client, _closed(routes), using)
        if not _is_sent_to_log_in(response)
    ]


def test_every_route_is_guarded_or_known_to_be_open():
    unguarded = [
        route.name
        for route in [*CLINIC, *OPERATORS]
        if not (route.permission or route.name in OPEN or route.name in OWN)
    ]
    assert unguarded == [], (
        "put @requires(Action.…, Resource.…) on their views, or name them in OPEN with a reason"
    )


def test_a_stranger_is_sent_to_log_in(alpha):
    assert _that_let_in(Client(headers={"host": alpha.host}), CLINIC) == []


def test_the_neighbours_owner_is_a_stranger_here(alpha, beta, sign_in):
    owner_of_beta = sign_in(beta, "owner")
    owner_of_beta.defaults["HTTP_HOST"] = alpha.host

    assert _that_let_in(owner_of_beta, CLINIC) == []


@pytest.mark.parametrize("role", CLINIC_ROLES)
def test_each_role_may_what_the_table_says(role, alpha, sign_in):
    person, wrong = sign_in(alpha, role), []

    for route, response in _each(person, GUARDED):
        allowed = allows(person.person, *route.permission)
        refused = response.status_code in {401, 403, 405, 500}
        if refused if allowed else response.status_code != 403:
            wrong.append((route.name, response.status_code))

    assert wrong == []


def test_an_authenticated_page_is_never_stored(alpha, sign_in):
    stored = [
        route.name
        for route, response in _each(sign_in(alpha, "owner"), CLINIC)
        if "no-store" not in response.headers.get("Cache-Control", "")
    ]
    assert stored == []


def test_the_operators_pages_are_closed_to_clinics_and_strangers(alpha, sign_in):
    host = f"{settings.OPERATORS_SUBDOMAIN}.{settings.BASE_DOMAIN}"
    owner = sign_in(alpha, "owner")
    owner.defaults["HTTP_HOST"] = host

    for client in (owner, Client(headers={"host": host})):
        assert _that_let_in(client, OPERATORS, "platform") == []


def test_an_operator_sees_the_clinics(alpha, beta, sign_in):
    response = sign_in(None, "operator").get("/")

    assert response.status_code == 200
    assert alpha.name in response.text
    assert beta.name in response.text
