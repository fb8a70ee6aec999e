from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections import finishing, providers, selectors
from connections.models import Connection, OutboxEntry
from connections.providers import Account, OAuth
from tenants.scope import tenant_scope
from tests.connections.fakes import connect, fake_vendor, put, states

LIST = "/settings/integrations/"


@pytest.fixture
def consented(adapter):
    """The same vendor, connected by consent."""
    made = fake_vendor(
        adapter,
        form=None,
        oauth=OAuth(
            authorize_url="https://login.fakebooks.example/authorize",
            token_url="https://login.fakebooks.example/token",
            revoke_url="",
            client_id="our-id",
            client_secret="our-secret",
            scopes=("read", "write"),
        ),
    )
    providers.register(made)
    yield made
    providers._providers.pop("fake", None)


def test_the_page_shows_each_vendor_and_how_it_fares(alpha, vendor, sign_in):
    owner = sign_in(alpha, "owner")

    before = owner.get(LIST)
    connect(alpha, vendor)
    after = owner.get(LIST)

    assert "Not connected" in before.text
    assert "First account" in after.text
    assert "key-of-the-clinic" not in after.text


def test_details_entered_are_tried_before_they_count(alpha, vendor, adapter, sign_in):
    owner = sign_in(alpha, "owner")

    page = owner.get(f"{LIST}fake/connect/")
    sent = owner.post(f"{LIST}fake/connect/", {"user": "us", "api_key": "a-long-api-key-1234"})

    assert "user" in page.text
    assert sent.status_code == 302
    with tenant_scope(alpha):
        attempt = Connection.objects.get()
        assert (attempt.state, attempt.options) == ("pending", {"user": "us"})
        assert "a-long-api-key" not in attempt.sealed
        assert selectors.connection("fake") is None


def test_a_consent_goes_to_the_vendor_and_comes_back_to_the_same_clinic(
    alpha, beta, consented, sign_in
):
    owner = sign_in(alpha, "owner")
    asked = owner.post(f"{LIST}fake/connect/")
    sent = parse_qs(urlsplit(asked["Location"]).query)
    state = sent["state"][0]

    handed = Client(headers={"host": "localhost"}).get(
        "/oauth/fake/callback/", {"state": state, "code": "c0de", "next": "https://evil.example"}
    )

    assert asked["Location"].startswith("https://login.fakebooks.example/authorize?")
    assert sent["redirect_uri"] == ["http://localhost:8000/oauth/fake/callback/"]
    assert (sent["code_challenge_method"], sent["scope"]) == (["S256"], ["read write"])
    assert handed["Location"].startswith(f"{alpha.url}{LIST}fake/callback/?code=c0de&state=")
    assert "evil" not in handed["Location"]

    back = urlsplit(handed["Location"])
    theirs = sign_in(beta, "owner").get(f"{back.path}?{back.query}", follow=True)
    assert "asked for elsewhere" in theirs.text
    other = sign_in(alpha, "owner").get(f"{back.path}?{back.query}", follow=True)
    assert "in another browser" in other.text
    with tenant_scope(alpha):
        assert not Connection.objects.exists()

    taken = owner.get(f"{back.path}?{back.query}")
    again = owner.get(f"{back.path}?{back.query}", follow=True)
    assert taken["Location"] == f"{LIST}#fake"
    assert "used already" in again.text
    with tenant_scope(alpha):
        assert Connection.objects.get().state == "pending"


def test_a_state_that_is_not_ours_leads_nowhere(alpha, consented):
    public = Client(headers={"host": "localhost"})

    for state in ("", "x", "alpha:https://evil.example", "eyJjIjoxfQ:1v:xyz"):
        answer = public.get("/oauth/fake/callback/", {"state": state, "code": "c0de"})
        assert answer.status_code == 400
        assert "Nothing was connected" in answer.text


def test_a_consent_that_was_denied_says_so_and_changes_nothing(alpha, consented, sign_in):
    owner = sign_in(alpha, "owner")
    state = parse_qs(urlsplit(owner.post(f"{LIST}fake/connect/")["Location"]).query)["state"][0]

    answer = owner.get(
        f"{LIST}fake/callback/", {"state": state, "error": "access_denied"}, follow=True
    )

    assert "was not given" in answer.text
    with tenant_scope(alpha):
        assert not Connection.objects.exists()


def test_of_several_accounts_one_is_chosen(alpha, vendor, adapter, sign_in, committed):
    adapter.found = [Account("one", "Northside Pty Ltd"), Account("two", "Southside", "trial")]
    owner = sign_in(alpha, "owner")
    owner.post(f"{LIST}fake/connect/", {"user": "us", "api_key": "a-long-api-key-1234"})
    with tenant_scope(alpha):
        attempt = Connection.objects.get()

    finishing.finish(alpha, attempt.pk)
    page = owner.get(LIST)
    owner.post(f"{LIST}fake/choose/", {"account": "three"})
    owner.post(f"{LIST}fake/choose/", {"account": "two"})

    assert "Northside Pty Ltd" in page.text
    with tenant_scope(alpha):
        made = Connection.objects.get()
        assert (made.state, made.external_id, made.account_name) == ("live", "two", "Southside")
        assert made.options == {"user": "us"}


def test_reception_may_neither_see_nor_change_connections(alpha, vendor, sign_in):
    reception = sign_in(alpha, "reception")

    assert reception.get(LIST).status_code == 403
    for verb in ("connect", "test", "disconnect", "choose", "dismiss"):
        assert reception.post(f"{LIST}fake/{verb}/").status_code == 403
    with tenant_scope(alpha):
        assert not Connection.objects.exists()


def test_what_needs_a_decision_is_listed_and_decided_at_the_same_cost(
    alpha, beta, vendor, once, sign_in
):
    connect(alpha, vendor)
    put(alpha, "fake.once", *(f"k{number}" for number in range(30)))
    owner, costs = sign_in(alpha, "owner"), []

    for most in ("k0", "k9"):
        with tenant_scope(alpha):
            OutboxEntry.objects.filter(key__lte=most).update(
                state="unclear", problem="Fakebooks did not answer."
            )
        owner.get(f"{LIST}deliveries/")
        with CaptureQueriesContext(connection) as asked:
            page = owner.get(f"{LIST}deliveries/")
        costs.append(len(asked))

    assert "Fakebooks did not answer." in page.text
    assert costs[0] == costs[1] < 40
    with tenant_scope(alpha):
        again, done, unwanted = OutboxEntry.objects.filter(state="unclear").order_by("key")[:3]
    for entry, verb in ((again, "again"), (done, "done"), (unwanted, "give-up")):
        path = f"{LIST}deliveries/{entry.pk}/{verb}/"
        assert sign_in(beta, "owner").post(path).status_code == 404
        assert sign_in(alpha, "billing").post(path).status_code == 403
        assert owner.post(path).status_code == 302
    found = states(alpha)
    assert [found[entry.key] for entry in (again, done, unwanted)] == [
        "waiting",
        "sent",
        "cancelled",
    ]
