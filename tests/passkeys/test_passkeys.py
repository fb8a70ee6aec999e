"""Passkeys: made after password and code, proved for this host and this challenge, never copied."""

from __future__ import annotations

import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.test import Client
from django_otp.oath import totp
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from accounts.services.factors import reset_factor
from passkeys.models import Passkey
from tenants.scope import platform_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])
HOST = f"{settings.OPERATORS_SUBDOMAIN}.{settings.BASE_DOMAIN}"
PASSWORD = "three unrelated warm lanterns"


class Authenticator:
    """A security key in software: one credential, a counter, and as honest as it is told to be."""

    def __init__(self, host: str = HOST) -> None:
        self.host, self.origin = host, f"http://{host}"
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = b"credential-of-a-test"
        self.counter = 0

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _auth_data(self, credential: AttestedCredentialData | None = None) -> AuthenticatorData:
        self.counter += 1
        flags = AuthenticatorData.FLAG.UP | (AuthenticatorData.FLAG.AT if credential else 0)
        rp_hash = hashlib.sha256(self.host.encode()).digest()
        return AuthenticatorData.create(rp_hash, flags, self.counter, credential or b"")

    def make(self, options: dict) -> dict:
        public = ES256.from_cryptography_key(self.key.public_key())
        credential = AttestedCredentialData.create(b"\0" * 16, self.credential_id, public)
        attested = AttestationObject.create("none", self._auth_data(credential), {})
        data = self._client_data("webauthn.create", options["challenge"])
        return self._answer(clientDataJSON=data, attestationObject=bytes(attested))

    def prove(self, options: dict) -> dict:
        data = self._client_data("webauthn.get", options["challenge"])
        auth = bytes(self._auth_data())
        signed = auth + hashlib.sha256(data).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=data, authenticatorData=auth, signature=signature)

    def _answer(self, **response: bytes) -> dict:
        written = websafe_encode(self.credential_id)
        return {
            "id": written, "rawId": written, "type": "public-key", "clientExtensionResults": {},
            "response": {name: websafe_encode(value) for name, value in response.items()},
        }  # fmt: skip


def _send(client: Client, path: str, body: object = None):
    return client.post(path, body or {}, content_type="application/json")


@pytest.fixture
def operator(sign_in):
    client = sign_in(None, "operator")
    with platform_scope():
        client.person.set_password(PASSWORD)
        client.person.save()
    return sign_in(None, "operator")


def _reauthenticated(client: Client) -> None:
    from django_otp.plugins.otp_totp.models import TOTPDevice

    with platform_scope():
        code = f"{totp(TOTPDevice.objects.get().bin_key):06d}"
    answer = client.post("/account/passkeys/new/", {"password": PASSWORD, "code": code})
    assert answer.status_code == 302, answer.text


def _registered(client: Client, key: Authenticator, name: str = "Blue key"):
    options = _send(client, "/account/passkeys/options/").json()["publicKey"]
    return _send(client, "/account/passkeys/add/", {"name": name, "credential": key.make(options)})


def _password_given(person) -> Client:
    client = Client(headers={"host": HOST})
    answer = client.post("/login/", {
        "login_view-current_step": "auth", "auth-username": person.email, "auth-password": PASSWORD,
    })  # fmt: skip
    assert "Enter your code" in answer.text
    return client


def _sign_in(client: Client, key: Authenticator):
    options = _send(client, "/login/passkey/options/").json()["publicKey"]
    return _send(client, "/login/passkey/", key.prove(options))


def test_a_passkey_is_made_after_password_and_code_and_signs_in_instead_of_the_code(operator):
    key = Authenticator()
    assert _send(operator, "/account/passkeys/options/").status_code == 403
    _reauthenticated(operator)
    assert _registered(operator, key).status_code == 201
    assert "Blue key" in operator.get("/account/passkeys/").text
    assert _send(operator, "/account/passkeys/options/").status_code == 403, "one at a time"

    client = _password_given(operator.person)
    assert "Use your passkey" in client.post("/login/", {
        "login_view-current_step": "token", "token-otp_token": "",
    }).text  # fmt: skip
    answer = _sign_in(client, key)

    assert (answer.status_code, answer.json()) == (200, {"next": "/"})
    assert client.get("/").status_code == 200
    with platform_scope():
        kept = Passkey.objects.get()
    assert (kept.sign_count, kept.last_used_at is not None) == (2, True)


def test_nothing_else_signs_in(operator):
    key = Authenticator()
    _reauthenticated(operator)
    _registered(operator, key)

    stranger = Client(headers={"host": HOST})
    assert _send(stranger, "/login/passkey/options/").status_code == 403
    assert _send(stranger, "/login/passkey/", {}).status_code == 403
    phished = Authenticator()
    phished.key, phished.origin, phished.counter = key.key, "http://ops.evil.example", 50
    elsewhere = Authenticator("alpha.localhost")
    elsewhere.key, elsewhere.counter = key.key, 60
    forged = Authenticator()
    forged.counter = 70
    copied = Authenticator()
    copied.key, copied.counter = key.key, 0
    for wrong in (phished, elsewhere, forged, copied):
        client = _password_given(operator.person)
        assert _sign_in(client, wrong).status_code == 422
        assert client.get("/").status_code == 302
    client = _password_given(operator.person)
    options = _send(client, "/login/passkey/options/").json()["publicKey"]
    key.counter = 80
    proof = key.prove(options)
    assert _send(client, "/login/passkey/", proof).status_code == 200
    again = _password_given(operator.person)
    _send(again, "/login/passkey/options/")
    assert _send(again, "/login/passkey/", proof).status_code == 422, "a proof is used once"


def test_a_passkey_is_renamed_and_removed_by_its_person_alone(operator, sign_in):
    _reauthenticated(operator)
    _registered(operator, Authenticator())
    other = sign_in(None, "operator", email="pavel@ops.example")
    with platform_scope():
        pk = Passkey.objects.get().pk

    assert other.post(f"/account/passkeys/{pk}/remove/").status_code == 404
    assert other.post(f"/account/passkeys/{pk}/rename/", {"name": "Mine"}).status_code == 404
    operator.post(f"/account/passkeys/{pk}/rename/", {"name": "Green key"})
    assert "Green key" in operator.get("/account/passkeys/").text
    operator.post(f"/account/passkeys/{pk}/remove/")
    with platform_scope():
        assert not Passkey.objects.exists()


def test_whose_factor_is_reset_has_no_passkey_either(operator, sign_in):
    _reauthenticated(operator)
    _registered(operator, Authenticator())
    other = sign_in(None, "operator", email="pavel@ops.example")

    with platform_scope():
        reset_factor(operator.person, actor=other.person)

        assert not Passkey.objects.filter(user=operator.person).exists()


def test_a_permit_to_add_one_ends_by_itself(operator, monkeypatch):
    monkeypatch.setattr("passkeys.views.ADD_SECONDS", -1)
    _reauthenticated(operator)

    assert _send(operator, "/account/passkeys/options/").status_code == 403
