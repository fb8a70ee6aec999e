"""Proof that a load has left the clinic's configuration as it was: checksums before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import connection

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

CONFIGURATION = (
    ("practice_location", "Locations with their colours"),
    ("practice_practitioner", "Clinicians with their colours"),
    ("practice_appointmenttype", "Appointment types with their colours"),
    ("practice_fundingtype", "Funding types"),
    ("accounts_user", "People who sign in"),
    ("integrations_connection", "Integrations"),
    ("imports_mapping", "Mappings"),
)
"""Tables that a load leaves alone, but for what the file adds to them. Those not there are passed by."""


@dataclass(frozen=True)
class Kept:
    """The rows of one table before the load: their ids and a digest of all of them."""

    ids: Sequence[uuid.UUID]
    checksum: str


def configuration() -> dict[str, Kept]:
    """Take the configuration down, to be compared with after the load."""
    return {table: _kept(table, None) for table, _ in _tables()}


def _tables() -> list[tuple[str, str]]:
    known = {model._meta.db_table for model in apps.get_models()}
    return [(table, words) for table, words in CONFIGURATION if table in known]


def _kept(table: str, ids: Sequence[uuid.UUID] | None) -> Kept:
    """Sum up all rows, or those of `ids`: what the load has added does not count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(array_agg(t.id ORDER BY t.id), '{}'), "  # noqa: S608 - constants above
            "md5(coalesce(string_agg((to_jsonb(t) - 'last_login')::text, E'\\n' ORDER BY t.id), '')) "
            f'FROM "{table}" AS t WHERE %s::uuid[] IS NULL OR t.id = ANY(%s::uuid[])',
            [list(ids) if ids is not None else None, list(ids) if ids is not None else None],
        )
        found, checksum = cursor.fetchone()
    return Kept(found, checksum)


def preserved(before: Mapping[str, Kept]) -> list[dict[str, Any]]:
    """Answer, for each table, whether the rows of before are still the same, and how many came."""
    answer = []
    for table, words in _tables():
        was = before[table]
        now, everything = _kept(table, was.ids), _kept(table, None)
        answer.append(
            {
                "table": table,
                "name": words,
                "rows": len(was.ids),
                "before": was.checksum,
                "after": now.checksum,
                "same": was.checksum == now.checksum,
                "added": len(everything.ids) - len(now.ids),
            }
        )
    return answer
