"""Data keys wrapped by MiniStack's KMS, which nobody of this project wrote."""

from __future__ import annotations

import os

import pytest

from tenants import keyring, vault
from tenants.keyring import KeyMissingError, VaultError, key_wrapper
from tenants.kms import KmsUnavailableError, KmsWrapper
from tenants.scope import tenant_scope
from tests.peers.object_store import KEYS, REGION, object_store

HERE = {"provider": "filemaker", "field": "password"}
SECRET = "correct horse battery staple"


@pytest.fixture(scope="module")
def endpoint():
    with object_store() as url:
        yield url


@pytest.fixture
def service(endpoint, monkeypatch):
    import boto3

    for name, value in {**KEYS, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", endpoint)
    keyring._service.cache_clear()
    vault._unwrap_once.cache_clear()
    return boto3.client("kms")


@pytest.fixture
def key(service):
    return service.create_key(Description="nexus")["KeyMetadata"]["KeyId"]


def test_a_data_key_comes_back_for_its_own_context_only(key):
    wrapper = KmsWrapper(key)
    wrapped = wrapper.wrap(b"k" * 32, context="clinic 1")

    assert b"k" * 32 not in wrapped
    assert wrapper.unwrap(wrapped, wrapped_by=wrapper.current, context="clinic 1") == b"k" * 32
    # MiniStack does not notice a changed blob, as the service itself does (its AES-GCM).
    with pytest.raises(VaultError):
        wrapper.unwrap(wrapped, wrapped_by=wrapper.current, context="clinic 2")


def test_secrets_move_from_the_ring_into_the_service(committed, alpha, settings, key):
    settings.VAULT_KEYS, settings.VAULT_KMS_KEY = {"old": os.urandom(32)}, ""
    with tenant_scope(alpha):
        sealed = vault.seal(SECRET, **HERE)
    settings.VAULT_KMS_KEY = key

    assert key_wrapper().current == f"kms:{key}"
    assert vault.rewrap() == 1

    settings.VAULT_KEYS = {}
    vault._unwrap_once.cache_clear()
    with tenant_scope(alpha):
        assert vault.open_sealed(sealed, **HERE) == SECRET
        assert vault.open_sealed(vault.seal("new", **HERE), **HERE) == "new"


def test_a_key_that_is_not_there_is_named(service):
    wrapper = KmsWrapper("11111111-2222-3333-4444-555555555555")

    with pytest.raises(KeyMissingError, match="no usable key 11111111"):
        wrapper.wrap(b"k" * 32, context="clinic 1")


def test_a_service_that_does_not_answer_is_named(monkeypatch):
    for name, value in {**KEYS, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")

    with pytest.raises(KmsUnavailableError, match="cannot be reached"):
        KmsWrapper("any").wrap(b"k" * 32, context="clinic 1")
