"""The verbs of the audit trail. Triggers write row changes; what no row shows is recorded here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections

from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.trails import Trail

SEAL_SIZE = 5000


@dataclass(frozen=True)
class Sealing:
    """What a round of sealing did."""

    seals: int = 0
    events: int = 0


def record(
    action: str,
    *,
    object_type: str,
    object_id: str = "",
    subject_id: str = "",
    result: str = "ok",
    payload: Mapping[str, Any] | None = None,
) -> int:
    """Write an event in the running transaction; answers its id.

    Who acts is read from the scope. For reads, log-ins, exports and denials only: triggers catch
    every change of a row. `subject_id` is the patient's id. What may have to be erased one day
    (names, addresses, values) goes into `payload` and nowhere else.
    """
    body = None
    if payload is not None:
        body = json.dumps(payload, cls=DjangoJSONEncoder, ensure_ascii=False, sort_keys=True)
    rows = _ask(
        "SELECT audit_record(%s, %s, %s, %s, %s, %s)",
        [action, object_type, str(object_id), str(subject_id), result, body],
    )
    return int(rows[0][0])


def erase_payload(event_id: int, *, reason: str) -> int:
    """Erase what an event was about, for good; answers the id of the event that says so.

    The header stays, and the chain still verifies. Raises django.db.DataError-family errors where
    there is no payload (any more) or no reason.
    """
    return int(_ask("SELECT audit_erase_payload(%s, %s)", [event_id, reason])[0][0])


def seal(trail: Trail, *, size: int = SEAL_SIZE) -> Sealing:
    """Seal all queued events of a trail, `size` at a time, each seal in a transaction of its own.

    Does nothing while another sealer is at work on the same trail.
    """
    done = Sealing()
    while True:
        with trail.open():
            sealed = seal_batch(size=size)
        if sealed == 0:
            return done
        done = Sealing(done.seals + 1, done.events + sealed)


def seal_batch(*, size: int = SEAL_SIZE) -> int:
    """Append one seal in the running scope; answers how many events it covers, 0 for no seal."""
    rows = _ask("SELECT sealed FROM audit_seal_batch(%s)", [size])
    return int(rows[0][0]) if rows else 0


def _ask(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
