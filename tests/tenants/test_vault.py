"""Secrets at rest: what opens, what does not, and what a change of keys leaves readable."""

from __future__ import annotations

import json
import os
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connections, transaction

from tenants import vault
from tenants.keyring import KeyMissingError, LocalKeyRing, VaultError
from tenants.scope import NoTenantError, public_scope, tenant_scope

HERE = {"provider": "filemaker", "field": "password"}
SECRET = "correct horse battery staple"


@pytest.fixture
def ring(settings):
    """A ring of two keys of which the second is not used yet."""
    settings.VAULT_KEYS = {"old": os.urandom(32)}
    return settings


def test_a_secret_opens_where_it_was_sealed_and_is_not_seen_in_what_is_stored(in_alpha):
    sealed = vault.seal(SECRET, **HERE)

    assert vault.open_sealed(sealed, **HERE) == SECRET
    assert SECRET not in sealed
    assert vault.seal(SECRET, **HERE) != sealed


def test_bytes_come_back_as_bytes(in_alpha):
    sealed = vault.seal(b"\x00\xff", **HERE)

    assert vault.open_sealed_bytes(sealed, **HERE) == b"\x00\xff"
    with pytest.raises(VaultError, match="not text"):
        vault.open_sealed(sealed, **HERE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"provider": "xero", "field": "password"},
        {"provider": "filemaker", "field": "token"},
        {"provider": "filemakerp", "field": "assword"},
    ],
    ids=str,
)
def test_a_secret_does_not_open_for_another_provider_or_field(in_alpha, elsewhere):
    sealed = vault.seal(SECRET, **HERE)

    with pytest.raises(VaultError):
        vault.open_sealed(sealed, **elsewhere)


def test_a_secret_does_not_open_in_another_clinic(committed, alpha, beta):
    with tenant_scope(alpha):
        sealed = vault.seal(SECRET, **HERE)
    with tenant_scope(beta):
        vault.seal("something of its own", **HERE)

    with tenant_scope(beta), pytest.raises(KeyMissingError):
        vault.open_sealed(sealed, **HERE)


def test_a_data_key_row_handed_to_another_clinic_does_not_open(committed, alpha, beta, superuser):
    with tenant_scope(alpha):
        sealed = vault.seal(SECRET, **HERE)
    superuser.execute("UPDATE public.tenants_datakey SET tenant_id = %s", [beta.pk])

    with tenant_scope(beta), pytest.raises(VaultError, match="belongs to another clinic"):
        vault.open_sealed(sealed, **HERE)


def test_one_changed_character_is_found(in_alpha):
    sealed = vault.seal(SECRET, **HERE)

    for place in (-2, -20, 40):
        other = "A" if sealed[place] != "A" else "B"
        damaged = sealed[:place] + other + sealed[place + 1 or None :]
        with pytest.raises(VaultError):
            vault.open_sealed(damaged, **HERE)


@pytest.mark.parametrize("text", ["", "plain", "nx1.zz.AA==", "nx1." + "0" * 32 + ".AA=="])
def test_what_was_never_sealed_is_named_so(in_alpha, text):
    with pytest.raises(VaultError):
        vault.open_sealed(text, **HERE)


def test_secrets_need_a_clinic(db):
    with pytest.raises(NoTenantError):
        vault.seal(SECRET, **HERE)
    with public_scope(), pytest.raises(VaultError, match="belong to a clinic"):
        vault.seal(SECRET, **HERE)


def test_without_a_key_the_message_names_the_variable(in_alpha, settings):
    settings.VAULT_KEYS = {}

    with pytest.raises(KeyMissingError, match="NEXUS_KEYS"):
        vault.seal(SECRET, **HERE)


# ── data keys ────────────────────────────────────────────────────────────────────────────────────


def test_the_app_sees_its_own_clinics_data_key_only_and_deletes_none(committed, alpha, beta):
    for clinic in (alpha, beta):
        with tenant_scope(clinic):
            vault.seal(SECRET, **HERE)

    with tenant_scope(alpha), connections["default"].cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM public.tenants_datakey")
        assert cursor.fetchall() == [(alpha.pk,)]
    with public_scope(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM public.tenants_datakey")
        assert cursor.fetchall() == []
    with tenant_scope(alpha), connections["default"].cursor() as cursor:
        with pytest.raises(Exception, match="permission denied"):
            cursor.execute("DELETE FROM public.tenants_datakey")
        connections["default"].set_rollback(True)


def test_the_operators_see_no_data_key(committed, alpha):
    with tenant_scope(alpha):
        vault.seal(SECRET, **HERE)

    with (
        pytest.raises(Exception, match="permission denied"),
        public_scope(using="platform"),
        connections["platform"].cursor() as cursor,
    ):
        cursor.execute("SELECT 1 FROM public.tenants_datakey")


def test_a_data_key_whose_transaction_was_rolled_back_is_not_remembered(committed, alpha):
    with tenant_scope(alpha):
        lost = vault.seal(SECRET, **HERE)
        transaction.set_rollback(True)

    with tenant_scope(alpha):
        kept = vault.seal(SECRET, **HERE)
    with tenant_scope(alpha):
        assert vault.open_sealed(kept, **HERE) == SECRET
        with pytest.raises(KeyMissingError):
            vault.open_sealed(lost, **HERE)


def test_a_new_wrapping_key_opens_what_the_old_one_sealed_until_it_is_taken_away(
    committed, alpha, ring
):
    with tenant_scope(alpha):
        sealed = vault.seal(SECRET, **HERE)
    old = ring.VAULT_KEYS
    ring.VAULT_KEYS = {"new": os.urandom(32), **old}
    with tenant_scope(alpha):
        assert vault.open_sealed(sealed, **HERE) == SECRET

    assert _command("status") == {"current key": "new", "data keys under it": 0, "others": 1}
    assert _command("rewrap") == {"data keys wrapped anew": 1}
    assert _command("status") == {"current key": "new", "data keys under it": 1, "others": 0}

    ring.VAULT_KEYS = {"new": ring.VAULT_KEYS["new"]}
    with tenant_scope(alpha):
        assert vault.open_sealed(sealed, **HERE) == SECRET


def test_a_wrapping_key_taken_away_too_early_is_named(committed, alpha, ring):
    with tenant_scope(alpha):
        sealed = vault.seal(SECRET, **HERE)
    ring.VAULT_KEYS = {"new": os.urandom(32)}
    vault._unwrap_once.cache_clear()

    with tenant_scope(alpha), pytest.raises(KeyMissingError, match='"old"'):
        vault.open_sealed(sealed, **HERE)


def test_a_rotated_clinic_opens_old_and_new_secrets_and_its_stored_ones_are_sealed_anew(
    committed, alpha, monkeypatch
):
    kept = {}
    monkeypatch.setattr(vault, "_resealers", [lambda: _reseal(kept)])
    with tenant_scope(alpha):
        kept["it"] = earlier = vault.seal(SECRET, **HERE)

    assert _command("rotate", "--tenant", "alpha") == {
        "clinics with a new data key": 1,
        "secrets sealed anew": 1,
    }

    with tenant_scope(alpha):
        assert vault.open_sealed(earlier, **HERE) == SECRET
        assert vault.open_sealed(kept["it"], **HERE) == SECRET
    assert kept["it"].split(".")[1] != earlier.split(".")[1]


def _reseal(kept):
    kept["it"] = vault.seal(vault.open_sealed(kept["it"], **HERE), **HERE)
    return 1


def test_a_shredded_clinics_secrets_are_gone_and_its_neighbours_are_not(committed, alpha, beta):
    with tenant_scope(alpha):
        gone = vault.seal(SECRET, **HERE)
    with tenant_scope(beta):
        kept = vault.seal(SECRET, **HERE)

    assert vault.shred(alpha) == 1

    with tenant_scope(alpha), pytest.raises(KeyMissingError, match="entered anew"):
        vault.open_sealed(gone, **HERE)
    with tenant_scope(beta):
        assert vault.open_sealed(kept, **HERE) == SECRET


def _command(*words):
    out = StringIO()
    call_command("vault", "--json", *words, stdout=out)
    return json.loads(out.getvalue())


# ── files ────────────────────────────────────────────────────────────────────────────────────────

B = vault.BLOCK_BYTES


@pytest.mark.parametrize("size", [0, 1, B - 1, B, B + 1, 3 * B, 3 * B + 7])
def test_a_file_of_any_size_comes_back_however_it_is_cut_into_chunks(in_alpha, size):
    content = os.urandom(size)
    chunks = (content[at : at + 10_000] for at in range(0, size, 10_000))

    sealed = b"".join(vault.seal_stream(chunks, **HERE))
    pieces = (sealed[at : at + 7_777] for at in range(0, len(sealed), 7_777))

    assert b"".join(vault.open_stream(pieces, **HERE)) == content
    assert content[:40] not in sealed or size < 20


def _damages(sealed):
    head, block = 52, B + 16
    blocks = [sealed[at : at + block] for at in range(head, len(sealed), block)]
    yield "cut within a block", sealed[:-5]
    yield "last block missing", sealed[: head + block * (len(blocks) - 1)]
    yield "header alone", sealed[:head]
    yield "nothing", b""
    yield "two blocks swapped", sealed[:head] + blocks[1] + blocks[0] + b"".join(blocks[2:])
    yield "a block twice", sealed[: head + block] + blocks[0] + b"".join(blocks[1:])
    yield "a block left out", sealed[:head] + b"".join(blocks[1:])
    yield "something appended", sealed + b"x"
    yield "salt changed", sealed[:30] + bytes([sealed[30] ^ 1]) + sealed[31:]
    yield "a bit changed", sealed[:-1] + bytes([sealed[-1] ^ 1])


def test_every_damage_to_a_file_is_found(in_alpha):
    sealed = b"".join(vault.seal_stream([os.urandom(3 * B + 7)], **HERE))

    for name, damaged in _damages(sealed):
        assert not _opens(damaged), name


def _opens(sealed):
    try:
        list(vault.open_stream([sealed], **HERE))
    except VaultError:
        return False
    return True


def test_a_sealed_file_does_not_open_for_another_field(in_alpha):
    sealed = b"".join(vault.seal_stream([b"content"], **HERE))

    with pytest.raises(VaultError):
        list(vault.open_stream([sealed], provider="filemaker", field="other"))


def test_a_file_may_be_sealed_and_opened_outside_the_transaction(committed, alpha):
    with tenant_scope(alpha):
        sealing = vault.seal_stream([b"content"], **HERE)
    sealed = list(sealing)
    with tenant_scope(alpha):
        opening = vault.open_stream(sealed, **HERE)

    assert b"".join(opening) == b"content"


# ── the ring ─────────────────────────────────────────────────────────────────────────────────────


def test_a_wrapped_key_is_bound_to_its_context():
    ring = LocalKeyRing({"a": os.urandom(32)})
    wrapped = ring.wrap(b"k" * 32, context="1")

    assert ring.unwrap(wrapped, wrapped_by="a", context="1") == b"k" * 32
    with pytest.raises(VaultError):
        ring.unwrap(wrapped, wrapped_by="a", context="2")


def test_no_secret_stands_in_the_database_in_clear(committed, alpha, superuser):
    with tenant_scope(alpha):
        vault.seal(SECRET, **HERE)
        key = vault._current_key().key

    rows = superuser.execute("SELECT wrapped FROM public.tenants_datakey").fetchall()

    assert [key in bytes(row[0]) for row in rows] == [False]
