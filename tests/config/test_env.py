"""The environment says what is wrong with it."""

from __future__ import annotations

import base64
import os

import pytest

from config import env

KEY = base64.b64encode(b"\xfb" * 32).decode()


def test_a_ring_keeps_its_order_and_takes_both_alphabets(monkeypatch):
    url_safe = base64.urlsafe_b64encode(b"\xfb" * 32).decode().rstrip("=")
    monkeypatch.setenv("NEXUS_KEYS", f"2026b:{KEY}, 2026a:{url_safe}")

    assert list(env.key_ring("NEXUS_KEYS").items()) == [
        ("2026b", b"\xfb" * 32),
        ("2026a", b"\xfb" * 32),
    ]


def test_no_ring_is_an_empty_one(monkeypatch):
    monkeypatch.delenv("NEXUS_KEYS", raising=False)

    assert env.key_ring("NEXUS_KEYS") == {}


@pytest.mark.parametrize(
    "value", ["abc", f":{KEY}", f"a:{KEY[:20]}", f"a:{KEY},a:{KEY}", "a:!!", f"a b:{KEY}"]
)
def test_a_malformed_ring_is_named_and_never_quoted(monkeypatch, value):
    monkeypatch.setenv("NEXUS_KEYS", value)

    with pytest.raises(env.EnvironmentVariableError, match="NEXUS_KEYS: entry") as raised:
        env.key_ring("NEXUS_KEYS")
    assert KEY[:20] not in str(raised.value)
    assert os.environ["NEXUS_KEYS"] == value


def test_private_networks_are_open_to_all_clinics_or_to_one(monkeypatch):
    monkeypatch.setenv("NEXUS_X", "10.20.0.0/16, north=192.168.5.0/24,north=fd00::/8")

    assert env.networks("NEXUS_X") == {
        "": ("10.20.0.0/16",),
        "north": ("192.168.5.0/24", "fd00::/8"),
    }


def test_a_malformed_network_is_named(monkeypatch):
    monkeypatch.setenv("NEXUS_X", "10.20.0.0/16,the office")

    with pytest.raises(env.EnvironmentVariableError, match="NEXUS_X: 'the office'"):
        env.networks("NEXUS_X")


def test_vendors_addresses_and_clients_are_read_or_named(monkeypatch):
    monkeypatch.setenv("A", '{"xero.api": "http://127.0.0.1:5001"}')
    monkeypatch.setenv("B", "id:se:cret")
    assert env.addresses("A", secure=False) == {"xero.api": "http://127.0.0.1:5001"}
    assert env.addresses("NOT_SET", secure=True) == {}
    assert (env.pair("B"), env.pair("NOT_SET")) == (("id", "se:cret"), ("", ""))

    with pytest.raises(env.EnvironmentVariableError, match="A must look"):
        env.addresses("A", secure=True)
    for value in ("[]", "x", '{"a": 1}'):
        monkeypatch.setenv("A", value)
        with pytest.raises(env.EnvironmentVariableError, match="A must look"):
            env.addresses("A", secure=False)
    monkeypatch.setenv("B", "no-secret")
    with pytest.raises(env.EnvironmentVariableError, match="B must look"):
        env.pair("B")
