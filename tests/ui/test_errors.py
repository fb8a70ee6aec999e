from __future__ import annotations

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.template import engines
from django.test import RequestFactory
from django.views import defaults

from ui import errors, views


@pytest.mark.parametrize("status", sorted(errors.EXPLANATIONS))
def test_an_error_page_says_what_happened_and_what_to_do(status: int) -> None:
    response = errors.error_response(RequestFactory().get("/x/"), status)

    page = response.content.decode()
    assert response.status_code == status
    assert errors.EXPLANATIONS[status].title in page
    assert errors.EXPLANATIONS[status].advice.replace("'", "&#x27;") in page
    assert f"Error {status}" in page


def test_no_request_at_all_is_needed() -> None:
    assert errors.error_response(None, 500).status_code == 500


def test_a_page_that_cannot_be_drawn_leaves_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> str:
        raise ValueError("no manifest")

    monkeypatch.setattr(errors.loader, "render_to_string", broken)

    response = errors.error_response(RequestFactory().get("/"), 503)

    assert errors.EXPLANATIONS[503].title in response.content.decode()


def test_the_reference_is_the_requests_own() -> None:
    request = RequestFactory().get("/")
    request.request_id = "a1b2c3"  # type: ignore[attr-defined]

    assert "a1b2c3" in errors.error_response(request, 500).content.decode()


@pytest.mark.parametrize("path", ["/api/v1/patients/", "/fhir/R4/Patient"])
def test_machines_get_a_problem_document(path: str) -> None:
    response = views.page_not_found(RequestFactory().get(path), Exception())

    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["status"] == 404


def test_too_many_requests_says_when_to_come_back() -> None:
    response = errors.too_many_requests(RequestFactory().get("/"), retry_after=45)

    assert (response.status_code, response["Retry-After"]) == (429, "45")
    assert "about 45 seconds" in response.content.decode()


def test_an_expired_form_says_so() -> None:
    response = views.csrf_failure(RequestFactory().post("/"), reason="token missing")

    assert response.status_code == 403
    assert errors.CSRF.title in response.content.decode()
    assert "token missing" not in response.content.decode()


def test_djangos_own_refusal_looks_the_same() -> None:
    response = defaults.permission_denied(RequestFactory().get("/"), PermissionDenied())

    assert errors.EXPLANATIONS[403].title in response.content.decode()


@pytest.mark.parametrize("status", sorted(errors.EXPLANATIONS))
def test_every_error_has_a_template_of_its_number(status: int) -> None:
    page = engines["django"].get_template(f"{status}.html").render({})

    assert errors.EXPLANATIONS[status].title in page
