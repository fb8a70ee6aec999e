"""Google as emulate plays it, behind a proxy that can fail; two clinics with a mailbox each."""

from __future__ import annotations

import pytest

from tests.peers.emulate import consented, emulate
from tests.peers.proxy import proxy

CLIENT = ("nexus-client.apps.googleusercontent.com", "throw-away-secret")
BACK = "http://localhost:8000/oauth/callback/"


@pytest.fixture(scope="package")
def google():
    seed = {
        "google": {
            "users": [
                {"email": f"desk@{name}.example", "name": f"{name} desk"}
                for name in ("alpha", "beta")
            ],
            "oauth_clients": [
                {
                    "client_id": CLIENT[0],
                    "client_secret": CLIENT[1],
                    "name": "Nexus",
                    "redirect_uris": [BACK],
                }
            ],
        }
    }
    with emulate("google", seed=seed) as peer, proxy(peer.url("google")) as between:
        between.peer = peer.url("google")
        yield between


@pytest.fixture
def gmail(google, settings):
    """The provider, pointed at the peer; answers it."""
    from billing_integrations.gmail import vendor
    from connections import limits, providers

    google.forget()
    settings.VENDOR_CLIENTS = {"google": CLIENT}
    settings.VENDOR_URLS = {
        "google.authorize": f"{google.url}/o/oauth2/v2/auth",
        "google.token": f"{google.url}/oauth2/token",
        "google.revoke": f"{google.url}/oauth2/revoke",
        "google.certs": f"{google.url}/oauth2/v3/certs",
        "google.person": f"{google.url}/oauth2/v2/userinfo",
        "google.issuer": google.peer,
        "google.api": google.url,
    }
    limits._valkey().flushdb()
    providers.register(vendor.gmail())
    yield providers.provider("gmail")
    settings.VENDOR_CLIENTS = {}
    providers.register(vendor.gmail())


@pytest.fixture
def consent(gmail):
    """Do the dance as `connections` does it; answers the tokens of an address."""
    from urllib.parse import parse_qs, urlsplit

    from connections import oauth

    def dance(email, options=None):
        url = oauth.authorization_url(
            gmail,
            redirect_uri=BACK,
            state="s" * 20,
            verifier="v" * 64,
            nonce="n" * 20,
            options=options,
        )
        query = parse_qs(urlsplit(consented(url, email)).query)
        assert query["state"] == ["s" * 20]
        return oauth.exchange(gmail, code=query["code"][0], verifier="v" * 64, redirect_uri=BACK)

    return dance


@pytest.fixture
def connect(gmail, consent):
    """Connect a clinic's mailbox; answers the connection."""
    from django.utils import timezone

    from connections import services
    from connections.opened import OpenConnection
    from tenants.ids import uuid7
    from tenants.scope import tenant_scope

    def established(clinic, email, options=None):
        tokens = consent(email, options)
        opened = OpenConnection(
            uuid7(), "gmail", "", "", tokens.secrets, scopes=tokens.scopes, clinic=clinic.pk
        )
        [account] = gmail.adapter.accounts(opened)
        with tenant_scope(clinic):
            return services.establish(
                gmail, account, secrets=tokens.secrets, scopes=tokens.scopes,
                expires_at=tokens.expires_at, options=options, at=timezone.now(),
            )  # fmt: skip

    return established
