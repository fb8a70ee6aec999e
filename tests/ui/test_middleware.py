from __future__ import annotations

import re

from django.http import HttpResponse
from django.test import RequestFactory

from ui import csp
from ui.middleware import HSTS, SecurityHeadersMiddleware


def answer_to(request=None, view=lambda _request: HttpResponse("ok")):
    return SecurityHeadersMiddleware(view)(request or RequestFactory().get("/"))


def directives(response) -> dict[str, str]:
    parts = response["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts if " " in part)


def test_the_policy_lets_nothing_inline_run_and_nobody_frame_the_page() -> None:
    policy = directives(answer_to())

    assert "unsafe" not in str(policy)
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["default-src"] == policy["form-action"] == policy["connect-src"] == "'self'"


def test_the_nonce_of_the_page_is_the_policys_and_never_the_same() -> None:
    seen = []

    def view(request):
        seen.append(request.csp_nonce)
        return HttpResponse()

    policies = [answer_to(view=view)["Content-Security-Policy"] for _ in range(2)]

    assert seen[0] != seen[1]
    assert [re.findall(r"script-src [^;]*'nonce-([^']+)'", policy) for policy in policies] == [
        [nonce] for nonce in seen
    ]


def test_a_view_can_allow_one_more_target_for_its_form() -> None:
    def view(_request):
        response = HttpResponse()
        csp.allow(response, "form-action", "http://alpha.localhost:8000")
        return response

    assert directives(answer_to(view=view))["form-action"] == "'self' http://alpha.localhost:8000"
    assert directives(answer_to())["form-action"] == "'self'"


def test_answers_are_not_stored_and_not_sniffed() -> None:
    response = answer_to()

    assert response["Cache-Control"] == "no-store, private"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]


def test_a_header_of_the_view_stays() -> None:
    response = answer_to(
        view=lambda _request: HttpResponse(headers={"Content-Security-Policy": "sandbox"})
    )

    assert response["Content-Security-Policy"] == "sandbox"


def test_hsts_is_sent_over_tls_only() -> None:
    assert "Strict-Transport-Security" not in answer_to()
    secure = answer_to(RequestFactory().get("/", secure=True))
    assert secure["Strict-Transport-Security"] == HSTS
    assert secure["Content-Security-Policy"].endswith("upgrade-insecure-requests")
