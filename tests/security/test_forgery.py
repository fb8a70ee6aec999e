"""Requests another site, another clinic or a mere link makes a signed-in browser send."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.security.conftest import SECRET
from tests.security.test_input import paths_of, things_of
from tests.test_routes import CLINIC, DUMMY, OPERATORS, _routes

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

PUBLIC = _routes(settings.ROOT_URLCONF)
UNSAFE = ("post", "put", "patch", "delete")
WRITES = {"create", "update", "delete", "truncate"}
BY_TOKEN = "operators:api_"
"""Routes for programs: no cookie opens them, so no other site can make a browser use one."""
OPEN_TO_GET = {
    "decision_support_prompt": "what a record's reminders are is worked out when it is opened",
    "accounts_session": "a session begins with a visit, and notes when it was last seen",
}
"""Tables a mere look may write to, and why."""


def _strict(client: Client) -> Client:
    client.handler.enforce_csrf_checks = True
    return client


def _token(client: Client, page: str) -> str:
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(page).text)[1]


def _changes(clinic) -> list[tuple[str, str]]:
    from audit.models import Event
    from tenants.scope import tenant_scope

    with tenant_scope(clinic):
        return [
            (event.action, event.object_type)
            for event in Event.objects.filter(action__in=WRITES)
            if event.object_type not in OPEN_TO_GET
        ]


def test_no_unsafe_request_passes_without_the_token(alpha, sign_in, belongings):
    mine = belongings(alpha)
    owner, operator = _strict(sign_in(alpha, "owner")), _strict(sign_in(None, "operator"))
    stranger = _strict(Client(headers={"host": alpha.host}))
    public = _strict(Client(headers={"host": settings.BASE_DOMAIN}))
    before = _changes(alpha)
    tries = [
        *((route, client) for route in CLINIC for client in (owner, stranger)),
        *((route, operator) for route in OPERATORS if not route.name.startswith(BY_TOKEN)),
        *((route, public) for route in PUBLIC),
    ]

    for route, client in tries:
        path = route.path.replace(DUMMY["UUIDConverter"], str(mine["patient"].pk))
        for method in UNSAFE if client in (owner, operator) else ("post",):
            response = getattr(client, method)(path, {"name": SECRET})
            assert response.status_code == 403, (route.name, method, response.status_code)
            assert "expired" in response.text, route.name

    assert _changes(alpha) == before


def test_no_session_opens_what_is_for_programs(sign_in):
    operator = _strict(sign_in(None, "operator"))
    routes = [route for route in OPERATORS if route.name.startswith(BY_TOKEN)]
    assert len(routes) >= 7

    for route in routes:
        for method in UNSAFE:
            assert getattr(operator, method)(route.path).status_code == 401, (route.name, method)


@pytest.fixture
def posting(alpha, sign_in):
    """An owner of alpha with a page open, and what their browser would post."""
    owner = _strict(sign_in(alpha, "owner"))
    return owner, {"csrfmiddlewaretoken": _token(owner, "/account/"), "name": "Changed"}


def test_the_token_of_ones_own_page_passes(posting, alpha):
    owner, form = posting

    assert owner.post("/account/", form).status_code == 302
    assert (
        owner.post("/account/", form, headers={"origin": f"http://{alpha.host}"}).status_code == 302
    )


@pytest.mark.parametrize(
    "origin",
    ["http://beta.localhost", "http://localhost", "https://evil.example", "null",
     "http://alpha.localhost:8001", "https://alpha.localhost", "http://alpha.localhost.evil.example"],
)  # fmt: skip
def test_a_page_of_another_origin_cannot_post_here(posting, origin):
    """Clinics share a site, so `SameSite` does not part them: the browser sends the cookie along."""
    owner, form = posting

    assert owner.post("/account/", form, headers={"origin": origin}).status_code == 403


def test_a_token_from_the_neighbours_host_is_worth_nothing(posting, beta, sign_in):
    owner, form = posting
    theirs = _strict(sign_in(beta, "owner"))
    form["csrfmiddlewaretoken"] = _token(theirs, "/account/")

    assert owner.post("/account/", form).status_code == 403


def test_a_token_in_the_address_is_not_a_token(posting):
    owner, form = posting

    response = owner.post(
        f"/account/?csrfmiddlewaretoken={form['csrfmiddlewaretoken']}", {"name": "x"}
    )

    assert response.status_code == 403


def test_over_tls_a_request_without_origin_or_referer_is_refused(alpha, sign_in):
    owner = _strict(sign_in(alpha, "owner"))
    form = {"csrfmiddlewaretoken": _token(owner, "/account/"), "name": "Changed"}

    for referer in (
        {},
        {"referer": "https://beta.localhost/"},
        {"referer": "http://alpha.localhost/"},
    ):
        assert owner.post("/account/", form, secure=True, headers=referer).status_code == 403


def test_looking_changes_nothing(alpha, sign_in, belongings):
    """Every GET of every route, of a thing that is there: only sessions may have been written."""
    things = things_of(alpha, belongings)
    owner = sign_in(alpha, "owner")
    before = _changes(alpha)
    answered = set()

    for name, path in paths_of(things):
        for method in ("get", "options"):
            response = getattr(owner, method)(path)
            assert response.status_code < 500, (method, path)
            if response.status_code == 200:
                answered.add(name)

    assert _changes(alpha) == before
    assert answered >= {
        "patients:detail",
        "appointments:detail",
        "accounts:member",
        "imports:detail",
    }


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "https:evil.example", "/\\evil.example",
     "\\/evil.example", "///evil.example", "http://beta.localhost/", "http://localhost:8000/",
     "javascript:alert(1)", "data:text/html,x", "\thttps://evil.example", "/\t/evil.example",
     "//alpha.localhost@evil.example", "http://alpha.localhost.evil.example/"],
)  # fmt: skip
def test_no_next_leads_away(alpha, sign_in, belongings, target):
    owner = sign_in(alpha, "owner")
    appointment = belongings(alpha)["appointment"]
    step = reverse("appointments:status", args=[appointment.pk], urlconf=settings.CLINIC_URLCONF)
    answers = [
        owner.get("/login/", {"next": target}),
        owner.post("/login/", {"next": target}),
        owner.post(step, {"status": "confirmed", "next": target}),
        owner.post(step, {"status": "arrived"}, headers={"referer": target}),
        owner.get(f"/{target}"),
        owner.post("/logout/", {"next": target}),
    ]

    for response in answers:
        for header in ("Location", "HX-Redirect", "HX-Location", "Refresh"):
            where = response.headers.get(header, "/")
            assert re.match(r"/(?![/\\])", where), (header, where)


def test_a_stranger_comes_back_to_the_page_they_asked_for_and_nowhere_else(alpha):
    stranger = Client(headers={"host": alpha.host})

    for path in ("//evil.example/a/", "/\\evil.example/", "/patients/?x=//evil.example"):
        where = stranger.get(path).headers.get("Location", "/")
        assert re.match(r"/(?![/\\])", where), where
