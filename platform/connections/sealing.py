"""The secrets of connections at rest: sealed for the clinic, the vendor and the one row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from connections.models import Connection, OutboxEntry
from tenants.vault import open_sealed, reseals, seal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

SHOWN_LETTERS = 4
_SHORTEST_SHOWN = 12


def seal_secrets(connection: Connection, secrets: Mapping[str, str]) -> str:
    """Seal secrets for a connection; they open for this row only."""
    context = _context(connection.provider, connection.pk)
    return seal(json.dumps(dict(secrets)), **context)


def open_secrets(connection: Connection) -> dict[str, str]:
    """Open the secrets of a connection; none where it has been disconnected."""
    if not connection.sealed:
        return {}
    return unsealed(connection.sealed, provider=connection.provider, pk=connection.pk)


def unsealed(sealed: str, *, provider: str, pk: UUID) -> dict[str, str]:
    """Open what was sealed for a connection and is kept elsewhere."""
    opened: dict[str, str] = json.loads(open_sealed(sealed, **_context(provider, pk)))
    return opened


def keep_secrets(connection: Connection, secrets: Mapping[str, str]) -> None:
    """Store the secrets of a connection in place of those it had."""
    connection.sealed = seal_secrets(connection, secrets)
    connection.save(update_fields=["sealed", "changed_at"])


def last_letters(secret: str) -> str:
    """Answer what may be shown of a secret: its end, and of a short one nothing."""
    return f"…{secret[-SHOWN_LETTERS:]}" if len(secret) >= _SHORTEST_SHOWN else "…"


def _context(provider: str, pk: UUID) -> dict[str, str]:
    return {"provider": f"connections.{provider}", "field": f"secrets:{pk}"}


@reseals
def reseal_connections() -> int:
    """Seal the secrets of the clinic in scope with its newest data key."""
    count = 0
    for connection in Connection.objects.exclude(sealed="").select_for_update():
        keep_secrets(connection, open_secrets(connection))
        count += 1
    for entry in OutboxEntry.objects.filter(payload__has_key="sealed").select_for_update():
        connection = Connection(pk=entry.subject_id, provider=entry.payload["provider"])
        secrets = unsealed(entry.payload["sealed"], provider=connection.provider, pk=connection.pk)
        entry.payload["sealed"] = seal_secrets(connection, secrets)
        entry.save(update_fields=["payload", "changed_at"])
        count += 1
    return count
