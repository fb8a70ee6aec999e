from __future__ import annotations

import pytest
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory, override_settings

from accounts.models import User
from tenants.middleware import ScopeMiddleware, client_address, subdomain_of
from tenants.scope import active_scope, current_scope, tenant_scope

pytestmark = pytest.mark.usefixtures("committed")


def _ask(host: str, view) -> HttpResponse:
    def get_response(request):
        try:
            return view(request)
        except (Http404, ZeroDivisionError) as error:
            middleware.process_exception(request, error)
            return HttpResponse(status=404 if isinstance(error, Http404) else 500)

    middleware = ScopeMiddleware(get_response)
    return middleware(RequestFactory().get("/", headers={"host": host}))


def _names(_request=None) -> HttpResponse:
    return HttpResponse(",".join(User.objects.order_by("name").values_list("name", flat=True)))


@pytest.fixture
def people(alpha, beta):
    for clinic, name in ((alpha, "Alice"), (beta, "Bob")):
        with tenant_scope(clinic):
            User.objects.create(email=f"{name.lower()}@example.com", name=name, role="reception")


def test_the_host_decides_whose_people_are_seen(people):
    assert _ask("alpha.localhost:8000", _names).content == b"Alice"
    assert _ask("beta.localhost:8000", _names).content == b"Bob"


def test_a_header_that_names_another_clinic_changes_nothing(people):
    def view(request):
        request.META["HTTP_X_TENANT"] = "beta"
        return _names()

    assert _ask("alpha.localhost", view).content == b"Alice"


@pytest.mark.parametrize(
    ("host", "label"),
    [
        ("localhost:8000", ""),
        ("alpha.localhost", "alpha"),
        ("ALPHA.localhost.", "alpha"),
        ("a.alpha.localhost", None),
        ("alpha.evil.test", None),
        ("localhost.evil.test", None),
    ],
)
def test_only_the_label_before_the_platforms_domain_names_a_clinic(host, label):
    assert subdomain_of(host) == label


def test_a_view_that_fails_leaves_nothing_behind(people, alpha):
    def view(_request):
        User.objects.create(email="x@example.com", name="Xenia", role="reception")
        raise ZeroDivisionError

    assert _ask("alpha.localhost", view).status_code == 500
    assert _ask("alpha.localhost", _names).content == b"Alice"
    assert active_scope() is None


def test_a_streamed_answer_keeps_to_its_clinic_after_the_request(people):
    def view(_request):
        return StreamingHttpResponse(
            f"{current_scope().label}:{User.objects.get().name};" for _ in range(3)
        )

    streams = [_ask(f"{name}.localhost", view) for name in ("alpha", "beta")]
    parts = zip(*(response.streaming_content for response in streams), strict=True)

    assert list(parts) == [(b"alpha:Alice;", b"beta:Bob;")] * 3
    assert active_scope() is None


@override_settings(ALLOWED_HOSTS=["*"])
@pytest.mark.parametrize("host", ["nobody.localhost", "alpha.evil.test"])
def test_a_host_without_a_clinic_is_told_so(host):
    response = _ask(host, _names)

    assert response.status_code == 404
    assert b"No clinic" in response.content


@pytest.mark.parametrize(
    ("hops", "header", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_only_our_own_proxies_are_believed_about_the_address(hops, header, address):
    request = RequestFactory().get("/", headers={"x-forwarded-for": header})

    with override_settings(TRUSTED_PROXIES=hops):
        assert client_address(request) == address
