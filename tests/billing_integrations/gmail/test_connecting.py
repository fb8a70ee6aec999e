"""Whose mailbox it is stands in Google's signed word; trying it out sends nothing; it is given back."""

from __future__ import annotations

import pytest

from connections import oauth
from connections.opened import OpenConnection
from ports.outcomes import BrokenConnectionError, RefusedError
from tenants.ids import uuid7
from tests.peers.proxy import Answered, Fault


def opened(tokens, name="desk@beta.example"):
    return OpenConnection(uuid7(), "gmail", "", name, tokens.secrets, scopes=tokens.scopes)


@pytest.mark.usefixtures("alpha")
def test_the_mailbox_is_the_one_that_consented(gmail, consent, google):
    tokens = consent("desk@beta.example")

    [account] = gmail.adapter.accounts(opened(tokens))

    assert account.name == "desk@beta.example"
    assert account.external_id
    asked = google.asked("GET", "/auth")[0].query
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid email https://www.googleapis.com/auth/gmail.send"]
    assert (asked["access_type"], asked["prompt"]) == (["offline"], ["consent"])


@pytest.mark.usefixtures("alpha")
def test_a_word_that_google_did_not_sign_for_us_is_not_believed(gmail, consent, settings):
    tokens = consent("desk@beta.example")
    head, body, signature = tokens.secrets["id_token"].split(".")

    for forged in ("", "x", f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body}."):
        tokens.secrets["id_token"] = forged
        with pytest.raises(RefusedError, match="verified"):
            gmail.adapter.accounts(opened(tokens))
    tokens.secrets["id_token"] = f"{head}.{body}.{signature}"
    settings.VENDOR_URLS = settings.VENDOR_URLS | {"google.issuer": "https://other.example"}
    with pytest.raises(RefusedError, match="verified"):
        gmail.adapter.accounts(opened(tokens))


@pytest.mark.usefixtures("alpha")
def test_a_consent_without_sending_is_refused_in_words(gmail, consent):
    tokens = consent("desk@beta.example")
    less = OpenConnection(uuid7(), "gmail", "", "", tokens.secrets, scopes=("openid", "email"))

    with pytest.raises(RefusedError, match="tick it"):
        gmail.adapter.accounts(less)


@pytest.mark.usefixtures("alpha")
def test_trying_it_out_names_the_mailbox_and_sends_nothing(gmail, consent, google):
    tokens = consent("desk@beta.example")

    assert "desk@beta.example" in gmail.adapter.check(opened(tokens))
    with pytest.raises(BrokenConnectionError, match="another mailbox"):
        gmail.adapter.check(opened(tokens, name="desk@alpha.example"))
    assert google.asked("POST", "/send") == []


@pytest.mark.usefixtures("alpha")
def test_the_access_is_given_back(gmail, consent, google):
    tokens = consent("desk@beta.example")

    gmail.adapter.revoke(opened(tokens))

    with pytest.raises(BrokenConnectionError, match="ended the access"):
        oauth.refresh(gmail, refresh_token=tokens.secrets["refresh_token"])
    google.fail(Fault(Answered.of({"error": "invalid_token"}, 400)))
    gmail.adapter.revoke(opened(tokens))
