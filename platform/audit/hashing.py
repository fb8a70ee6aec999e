"""What is hashed, and how: the Python side of what `audit.functions` does in SQL.

leaf       = SHA256(0x00 ‖ header ‖ commitment)
commitment = SHA256(0x01 ‖ salt ‖ payload)
h          = SHA256(0x02 ‖ previous h ‖ netstrings of clinic, n, count, time and ids ‖ root)
node       = SHA256(0x03 ‖ left ‖ right); an odd node goes up as it is
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.models import Event

GENESIS = bytes(32)
"""What the first seal of a chain follows."""

MARK_BYTES = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(at: datetime) -> int:
    """Count from 1970 UTC, exactly."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def moment_of(count: int) -> datetime:
    """Answer the moment so many microseconds after 1970 UTC."""
    return _EPOCH + timedelta(microseconds=count)


def netstrings(parts: Iterable[str]) -> bytes:
    """Join texts so that no two different lists give the same bytes."""
    encoded = (part.encode() for part in parts)
    return b"".join(b"%d:%b" % (len(part), part) for part in encoded)


def commitment_of(salt: bytes, body: str) -> bytes:
    return _sha256(b"\x01", salt, body.encode())


def leaf_of(event: Event) -> bytes:
    header = netstrings(
        (
            str(event.id),
            str(microseconds(event.at)),
            str(event.tx),
            event.actor_id,
            event.actor_label,
            event.impersonator,
            event.action,
            event.object_type,
            event.object_id,
            event.subject_id,
            event.result,
            event.request_id,
        )
    )
    return _sha256(b"\x00", header, bytes(event.commitment))


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Fold at least one leaf into a root."""
    level = list(leaves)
    while len(level) > 1:
        odd = [level.pop()] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [_sha256(b"\x03", left, right) for left, right in pairs] + odd
    return level[0]


def link_of(
    *, previous: bytes, tenant_id: int, n: int, ids: Sequence[int], root: bytes, sealed_at: datetime
) -> bytes:
    """Answer the seal's own hash, by which the next one is chained to it."""
    listed = ",".join(map(str, ids))
    about = (str(tenant_id), str(n), str(len(ids)), str(microseconds(sealed_at)), listed)
    return _sha256(b"\x02", previous, netstrings(about), root)


def _sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()
