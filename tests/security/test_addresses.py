"""Whose data a request is about is decided by its host alone, and who asks by its connection alone."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

FORGED = {
    "X-Forwarded-Host": "beta.localhost",
    "X-Forwarded-Server": "beta.localhost",
    "X-Host": "beta.localhost",
    "X-Original-Host": "beta.localhost",
    "X-Original-URL": "/staff/",
    "X-Rewrite-URL": "/staff/",
    "Forwarded": 'for=203.0.113.9;host="beta.localhost";proto=https',
    "X-Forwarded-For": "203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "X-Client-IP": "203.0.113.9",
    "True-Client-IP": "203.0.113.9",
    "CF-Connecting-IP": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Prefix": "//evil.example",
    "X-Script-Name": "//evil.example",
    "X-Tenant": "beta",
    "X-Tenant-Id": "2",
    "X-Schema": "c_2",
    "X-Request-Id": "forged-request",
    "X-Http-Method-Override": "DELETE",
    "X-Remote-User": "owner@alpha.localhost.example",
    "Remote-User": "owner@alpha.localhost.example",
}


@pytest.mark.parametrize("name", FORGED)
def test_no_header_but_host_names_the_clinic_or_the_person(alpha, beta, name):
    response = Client(headers={"host": alpha.host, name: FORGED[name]}).get("/login/")

    assert response.wsgi_request.tenant.pk == alpha.pk
    assert alpha.name in response.text
    assert beta.name not in response.text
    assert "evil.example" not in response.text
    assert not response.wsgi_request.is_secure()
    assert not response.wsgi_request.user.is_authenticated


def test_all_of_them_together_change_neither_address_nor_request_in_the_trail(alpha, sign_in):
    from audit.models import Event, Payload
    from tenants.scope import tenant_scope

    reception = sign_in(alpha, "reception")
    assert reception.get("/audit/", headers=FORGED).status_code == 403

    with tenant_scope(alpha):
        event = Event.objects.get(result="denied", action="permission.denied")
        body = Payload.objects.get(event=event).body
    assert '"address": "127.0.0.1"' in body
    assert event.request_id != "forged-request"
    assert event.actor_id == str(reception.person.pk)


def test_a_forged_address_buys_no_further_tries(alpha):
    answers = [
        Client(headers={"host": alpha.host, "X-Forwarded-For": f"203.0.113.{turn}"}).post(
            "/login/",
            {
                "login_view-current_step": "auth",
                "auth-username": "somebody@staff.example",
                "auth-password": f"guess {turn}",
            },
        )
        for turn in range(6)
    ]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]


def test_a_forged_address_is_not_kept_with_the_session(alpha):
    from accounts.models import Session
    from tenants.scope import tenant_scope

    client = Client(headers={"host": alpha.host, **FORGED})
    client.get("/join/some-token/")

    with tenant_scope(alpha):
        assert {session.address for session in Session.objects.all()} == {"127.0.0.1"}


@pytest.mark.parametrize(
    "host",
    ["ALPHA.LOCALHOST", "Alpha.localhost", "alpha.localhost.", "alpha.localhost:80",
     "alpha.localhost:65535", "ALPHA.localhost.:8000"],
)  # fmt: skip
def test_other_ways_to_write_a_host_are_the_same_clinic(alpha, host):
    response = Client(headers={"host": host}).get("/login/")

    assert response.status_code == 200
    assert response.wsgi_request.tenant.pk == alpha.pk


@pytest.mark.parametrize(
    "host",
    ["evil.example", "alpha.localhost.evil.example", "alpha.localhost@evil.example",
     "evil.example:alpha.localhost", "alpha.localhost, beta.localhost", "alpha.localhost:abc",
     "alpha.localhost/beta", "alpha.localhost\tx", "alpha localhost", "", "127.0.0.1", "[::1]",
     "localhost.evil", "alpha。localhost", "alpha.localhost:80:80"],
)  # fmt: skip
def test_a_host_that_is_not_ours_gets_nothing(alpha, host):
    response = Client(headers={"host": host}, raise_request_exception=False).get("/login/")

    assert response.status_code == 400
    assert alpha.name not in response.text
    assert not response.cookies


@pytest.mark.parametrize(
    "label",
    ["nosuch", "public", "c-1", "1", "ext", "www", "x.alpha", "alpha.beta", "-alpha",
     "pending-alpha", "pg-catalog", "alpha-", "xn--alpha"],
)  # fmt: skip
def test_a_label_that_is_no_clinic_is_no_clinic(alpha, label):
    for path in ("/", "/login/", "/patients/"):
        response = Client(headers={"host": f"{label}.{settings.BASE_DOMAIN}"}).get(path)
        assert response.status_code == 404
        assert getattr(response.wsgi_request, "tenant", None) is None
        assert not response.cookies


def test_a_session_of_one_clinic_is_nothing_at_any_other_host(alpha, beta, sign_in):
    owner = sign_in(alpha, "owner")
    assert owner.get("/patients/").status_code == 200

    for host in (beta.host, f"ops.{settings.BASE_DOMAIN}", f"OPS.{settings.BASE_DOMAIN}."):
        response = owner.get("/", headers={"host": host})
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/login/")


def test_an_operators_session_opens_no_clinic(alpha, sign_in):
    operator = sign_in(None, "operator")

    response = operator.get("/patients/", headers={"host": alpha.host})

    assert response.headers["Location"].startswith("/login/")


def test_a_session_row_copied_into_the_neighbours_table_opens_nothing(alpha, beta, sign_in):
    """Whoever could write the table could still not sign what stands in it."""
    from accounts.models import Session, User
    from tenants.scope import tenant_scope

    owner = sign_in(alpha, "owner")
    person = owner.person
    with tenant_scope(alpha):
        row = Session.objects.get(user=person)
        copy = {name: getattr(row, name) for name in ("key_digest", "data", "created_at",
                                                      "last_seen_at", "expires_at")}  # fmt: skip
    with tenant_scope(beta):
        twin = User.objects.create(
            pk=person.pk,
            email=person.email,
            name="Twin",
            role=person.role,
            password=person.password,
        )
        Session.objects.create(user=twin, **copy)

    response = owner.get("/patients/", headers={"host": beta.host})

    assert response.status_code == 302
