"""The operators' API: a token for one person, the console's verbs, errors in words."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from audit.models import Event
from operators.models import ApiToken
from tenants.models import Job
from tenants.scope import platform_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])
HOST = f"{settings.OPERATORS_SUBDOMAIN}.{settings.BASE_DOMAIN}"


@pytest.fixture
def operator(sign_in, no_worker, monkeypatch):
    monkeypatch.setattr("tenants.jobs._listeners", [])
    return sign_in(None, "operator")


@pytest.fixture
def api(operator):
    page = operator.post("/tokens/", {"name": "Watcher", "days": "30"}).text
    token = page.split("<code>")[1].split("</code>")[0]
    assert token not in operator.get("/tokens/").text
    strict = Client(enforce_csrf_checks=True)

    def call(method: str, path: str, body=None, token: str = token):
        return getattr(strict, method)(
            f"/api/v1/{path}", body, content_type="application/json",
            headers={"host": HOST, "authorization": f"Bearer {token}"},
        )  # fmt: skip

    call.token = token
    return call


def test_a_program_lists_clinics_asks_for_a_job_and_cancels_it(alpha, beta, api, operator):
    listed = api("get", "clinics/").json()
    assert {one["subdomain"] for one in listed["clinics"]} >= {"alpha", "beta"}
    assert api("get", f"clinics/{alpha.pk}/").json()["name"] == alpha.name
    assert "rename" in {one["kind"] for one in api("get", "kinds/").json()["kinds"]}

    asked = api("post", f"clinics/{alpha.pk}/jobs/", {"kind": "rename", "subdomain": "gamma"})
    job = asked.json()
    assert asked.status_code == 202
    assert asked.headers["Location"] == f"/api/v1/jobs/{job['id']}/"
    assert (job["asked_by"], job["state"]) == (operator.person.email, "queued")
    assert (
        api("post", f"clinics/{alpha.pk}/jobs/", {"kind": "rename", "subdomain": "x1y"})
        .json()["detail"]
        .startswith("Something else is being done")
    )
    assert api("get", "jobs/?state=queued").json()["jobs"][0]["id"] == job["id"]
    assert api("post", f"jobs/{job['id']}/cancel/").json()["state"] == "cancelled"
    with platform_scope():
        labels = set(Event.objects.filter(action="job.ask").values_list("actor_label", flat=True))
    assert labels == {operator.person.name}


def test_what_is_wrong_is_said_in_words_and_nothing_happens(alpha, api):
    cases = [
        ("post", "clinics/", {"name": "Gamma"}, 422, "subdomain"),
        ("post", "clinics/", {"name": "G", "subdomain": "gamma", "unverified": True}, 422, "takes no"),
        ("post", "jobs/", {"kind": "dance"}, 422, "no job"),
        ("post", "jobs/", {"kind": "rename"}, 422, "of a clinic"),
        ("post", f"clinics/{alpha.pk}/jobs/", {"kind": "delete", "confirm": "alpha",
                                               "unverified": True}, 422, "takes no unverified"),
        ("post", f"clinics/{alpha.pk}/jobs/", {"kind": "sweep"}, 422, "not for operators"),
        ("post", "jobs/", {"kind": "restore", "path": "../../etc/passwd", "subdomain": "gamma"}, 422,
         "elsewhere"),
        ("post", "clinics/999999/jobs/", {"kind": "rename"}, 404, ""),
        ("put", "clinics/", {}, 405, "GET, POST"),
        ("get", "jobs/019b0000-0000-7000-8000-000000000000/", None, 404, ""),
    ]  # fmt: skip
    for method, path, body, status, words in cases:
        answer = api(method, path, body)
        assert answer.status_code == status, (path, body, answer.text)
        assert answer.headers["Content-Type"].startswith("application/problem+json"), path
        assert words in answer.json()["detail"], (path, answer.text)
    with platform_scope():
        assert not Job.objects.exists()


def test_a_program_never_is_the_second_person(alpha, api):
    held = api("post", f"clinics/{alpha.pk}/jobs/", {"kind": "delete", "confirm": "alpha"}).json()
    assert held["params"] == {"confirm": "alpha", "export_first": True}, "careful unless told"

    answer = api("post", f"jobs/{held['id']}/approve/")

    assert (held["state"], answer.status_code) == ("held", 403)
    assert "on the console" in answer.json()["detail"]


def test_a_token_opens_nothing_once_it_or_its_person_is_gone(api, operator, sign_in):
    assert api("get", "clinics/", token="nxo_made-up").status_code == 401
    assert api("get", "clinics/", token="").headers["WWW-Authenticate"] == "Bearer"
    cookies = operator.get("/api/v1/clinics/")  # a session is no token
    assert cookies.status_code == 401
    other = sign_in(None, "operator", email="pavel@ops.example")
    with platform_scope():
        kept = ApiToken.objects.get()
    assert api.token not in kept.digest
    assert other.post(f"/tokens/{kept.pk}/revoke/").status_code == 404
    with platform_scope():
        User.objects.filter(pk=operator.person.pk).update(is_active=False)
    assert api("get", "clinics/").status_code == 401
    with platform_scope():
        User.objects.filter(pk=operator.person.pk).update(is_active=True)
    assert api("get", "clinics/").status_code == 200
    operator.post(f"/tokens/{kept.pk}/revoke/")
    assert api("get", "clinics/").status_code == 401


def test_calls_are_counted(api, monkeypatch):
    from limits import RateLimitItemPerMinute

    from accounts import throttle

    monkeypatch.setattr(
        throttle, "API_CALLS", RateLimitItemPerMinute(2, namespace="api-calls-of-a-test")
    )

    assert [api("get", "kinds/").status_code for _ in range(3)] == [200, 200, 429]
    assert int(api("get", "kinds/").headers["Retry-After"]) > 0
