"""The verbs of the audit trail. Triggers write row changes; what no row shows is recorded here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections

from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
    (event_id,) = _ask(
        "SELECT audit_record(%s, %s, %s, %s, %s, %s)",
        [action, object_type, str(object_id), str(subject_id), result, body],
    )
    return int(event_id)


def _ask(statement: str, values: Sequence[Any]) -> tuple[Any, ...]:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()  # type: ignore[no-any-return]
