from __future__ import annotations

from hashlib import sha256

import pytest
from django.db import connection

from audit import hashing
from audit.models import Event
from audit.services import record
from tenants.scope import Actor, act_as


def test_netstrings_tell_lists_apart_that_read_alike():
    assert hashing.netstrings(["ab", "c"]) == b"2:ab1:c"
    assert hashing.netstrings(["a", "bc"]) == b"1:a2:bc"
    assert hashing.netstrings(["é", ""]) == b"2:\xc3\xa90:"


def test_the_root_of_three_leaves_is_as_described():
    left = sha256(b"\x03" + b"a" + b"b").digest()

    assert hashing.merkle_root([b"a"]) == b"a"
    assert hashing.merkle_root([b"a", b"b", b"c"]) == sha256(b"\x03" + left + b"c").digest()


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_postgresql_and_python_fold_the_same_root(superuser, alpha, count):
    leaves = [sha256(bytes([i])).digest() for i in range(count)]
    superuser.execute("SELECT set_config('rls.tenant_id', %s, false)", [str(alpha.pk)])

    (root,) = superuser.execute(
        f"SELECT {alpha.schema_name}.audit_merkle_root(%s::bytea[])", [leaves]
    ).fetchone()

    assert bytes(root) == hashing.merkle_root(leaves)


def test_postgresql_and_python_hash_the_same_leaf_and_commitment(in_alpha):
    act_as(Actor(id="7", label="Zoë O'Brien – 李", request_id="r"))
    event_id = record("view", object_type="päge", subject_id="x", payload={"naïve": "☃ \u0000"})

    event = Event.objects.select_related("payload").get(pk=event_id)

    assert hashing.commitment_of(bytes(event.payload.salt), event.payload.body) == bytes(
        event.commitment
    )
    from audit.models import Seal
    from audit.services import seal_batch

    seal_batch()
    seal = Seal.objects.get()
    assert (seal.ids, bytes(seal.root)) == ([event_id], hashing.leaf_of(event))
    assert bytes(seal.h) == hashing.link_of(
        previous=hashing.GENESIS,
        tenant_id=in_alpha.pk,
        n=1,
        ids=[event_id],
        root=bytes(seal.root),
        sealed_at=seal.sealed_at,
    )
    assert connection.vendor == "postgresql"
