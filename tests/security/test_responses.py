"""Headers and cookies of every kind of answer, on every route of every host."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path

from tests.security.conftest import SECRET
from tests.test_routes import CLINIC, OPERATORS, _ask, _routes

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

PUBLIC = _routes(settings.ROOT_URLCONF)
OPS = f"{settings.OPERATORS_SUBDOMAIN}.{settings.BASE_DOMAIN}"
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def check_headers(response) -> None:
    """Assert what every answer carries, whatever it is."""
    headers = response.headers
    assert {name: headers.get(name) for name in FIXED} == FIXED
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Server" not in headers
    assert "X-Powered-By" not in headers
    assert not [name for name in headers if name.startswith("Access-Control-")]
    check_policy(headers["Content-Security-Policy"])


def check_policy(text: str) -> None:
    policy = {part.split()[0]: part.split()[1:] for part in text.split("; ") if part}
    for directive in ("object-src", "base-uri", "frame-ancestors"):
        assert policy[directive] == ["'none'"]
    assert policy["default-src"] == ["'self'"]
    assert "'self'" in policy["form-action"]
    for directive, sources in policy.items():
        for source in sources:
            assert source not in {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"}
            assert "data:" not in source or directive == "img-src"
    assert re.search(r"'nonce-[\w-]{20,}'", " ".join(policy["script-src"]))


def check_cookies(response) -> None:
    for cookie in response.cookies.values():
        assert cookie.key.startswith("__Host-"), cookie.key
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["path"] == "/"
        assert not cookie["domain"]
        assert cookie["samesite"] in {"Lax", "Strict"}


def test_every_page_and_refusal_is_dressed(alpha, sign_in):
    seen = set()
    owner, reception, operator = (
        sign_in(alpha, "owner"),
        sign_in(alpha, "reception"),
        sign_in(None, "operator"),
    )
    askers = [
        *((route, client) for route in CLINIC for client in (owner, reception)),
        *((route, Client(headers={"host": alpha.host})) for route in CLINIC),
        *((route, operator) for route in OPERATORS),
        *((route, Client(headers={"host": settings.BASE_DOMAIN})) for route in PUBLIC),
    ]

    for route, client in askers:
        if route.name.endswith("logout"):
            continue
        client.raise_request_exception = False
        response = _ask(client, route)
        assert response.status_code < 500, (route.name, response.status_code)
        check_headers(response)
        check_cookies(response)
        assert "no-store" in response.headers["Cache-Control"]
        seen.add(response.status_code)

    assert seen >= {200, 302, 403, 404}


def _broken_site() -> ModuleType:
    def stumble(_request):
        raise LookupError(f"the record of {SECRET}")

    def free(_request):
        return HttpResponse("ok")

    def stranger(_request):
        stumble(None)

    stranger.login_required = free.login_required = False
    module = ModuleType("broken_site")
    module.urlpatterns = [path("", stranger), path("login/", free, name="login")]
    for status in (400, 403, 404, 500):
        setattr(module, f"handler{status}", f"ui.views.{_HANDLERS[status]}")
    return module


_HANDLERS = {
    400: "bad_request", 403: "permission_denied", 404: "page_not_found", 500: "server_error",
}  # fmt: skip


def test_a_fault_shows_no_trace_and_is_dressed(alpha):
    client = Client(headers={"host": alpha.host}, raise_request_exception=False)

    with override_settings(CLINIC_URLCONF=_broken_site(), DEBUG=False):
        response = client.get("/")

    assert response.status_code == 500
    assert SECRET not in response.text
    assert not re.search(r"Traceback|LookupError|\.py\b|psycopg|DEBUG", response.text)
    check_headers(response)


def test_every_other_refusal_is_dressed(alpha, superuser):
    browser = Client(headers={"host": alpha.host}, raise_request_exception=False)
    credentials = {
        "login_view-current_step": "auth",
        "auth-username": "nobody@staff.example",
        "auth-password": "wrong",
    }
    too_often = [browser.post("/login/", credentials) for _ in range(6)][-1]
    answers = {
        429: too_often,
        404: browser.get("/there/is/nothing/"),
        405: browser.get("/logout/"),
        400: browser.get("/", headers={"host": "evil.example"}),
        413: browser.post("/login/", {"a": "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}),
    }
    if answers[405].status_code == 302:  # a stranger is sent to log in before anything else
        del answers[405]

    for status, response in answers.items():
        assert response.status_code == status
        check_headers(response)
        check_cookies(response)
    assert int(too_often.headers["Retry-After"]) > 0

    superuser.execute("UPDATE tenants_tenant SET state = 'suspended' WHERE id = %s", [alpha.pk])
    try:
        closed = browser.get("/")
    finally:
        superuser.execute("UPDATE tenants_tenant SET state = 'active' WHERE id = %s", [alpha.pk])
    assert closed.status_code == 503
    check_headers(closed)
    unknown = browser.get("/", headers={"host": f"nosuch.{settings.BASE_DOMAIN}"})
    assert unknown.status_code == 404
    check_headers(unknown)


@pytest.mark.parametrize("page", ["/healthz", "/readyz", "/static/nothing.css"])
def test_what_is_answered_before_the_hosts_is_dressed_too(page, alpha):
    check_headers(Client(headers={"host": settings.BASE_DOMAIN}).get(page))


@pytest.mark.parametrize(
    "page", ["/healthz", "/login/", "/", "/there/is/nothing/", "/static/nothing.css"]
)
def test_a_browser_that_came_by_tls_is_told_to_stay(alpha, page):
    response = Client(headers={"host": alpha.host}).get(page, secure=True)

    age, *more = response.headers["Strict-Transport-Security"].split("; ")
    assert int(age.removeprefix("max-age=")) >= 31_536_000
    assert "includeSubDomains" in more
    assert "upgrade-insecure-requests" in response.headers["Content-Security-Policy"]


def test_no_two_answers_share_a_nonce(alpha):
    client = Client(headers={"host": alpha.host})

    nonces = {
        re.search(r"'nonce-([\w-]+)'", client.get("/login/").headers["Content-Security-Policy"])[1]
        for _ in range(5)
    }

    assert len(nonces) == 5


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://beta.localhost"])
def test_no_other_origin_may_read(alpha, sign_in, origin):
    owner = sign_in(alpha, "owner")
    for response in (
        owner.get("/patients/", headers={"origin": origin}),
        owner.options("/patients/", headers={"origin": origin}),
    ):
        assert not [name for name in response.headers if name.startswith("Access-Control-")]


def test_scripts_of_htmx_cannot_run_text_from_the_page(alpha):
    page = Client(headers={"host": alpha.host}).get("/login/").text

    config = re.search(r'name="htmx-config"[^>]*content=([\'"])(.*?)\1', page, re.DOTALL)
    assert config is not None
    told = config[2].replace("&quot;", '"').replace(" ", "")
    assert '"allowEval":false' in told
    assert '"includeIndicatorStyles":false' in told
    assert '"historyCacheSize":0' in told
    assert '"selfRequestsOnly":false' not in told
