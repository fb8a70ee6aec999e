"""Opening the server behind an import, and keeping how that went."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from onboarding.filemaker.live.connection import open_live
from onboarding.filemaker.live.errors import LiveSourceError
from onboarding.imports.connection import access
from onboarding.imports.connection.models import FileMakerConnection
from onboarding.imports.connection.selectors import known_tables
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator

    from onboarding.filemaker.exports.detect import OpenSource
    from onboarding.imports.models import ImportSource
    from tenants.models import Tenant
    from tenants.scope import Actor


@contextmanager
def open_live_source(source: ImportSource, tenant: Tenant, actor: Actor) -> Iterator[OpenSource]:
    """Open the server a live source is read from; its session ends with the block.

    Raises a LiveSourceError, which also stands at the connection then, with what to do.
    """
    if source.connection_id is None:
        raise access.NotConnectedError
    pk = source.connection_id
    try:
        with tenant_scope(tenant, actor=actor):
            connection = FileMakerConnection.objects.get(pk=pk)
            settings = access.live_settings(connection)
            policy = access.network_policy(tenant)
            left, known = access.left_session(connection), known_tables()

        def keep_session(token: str) -> None:
            with tenant_scope(tenant, actor=actor):
                access.keep_session(pk, token)

        with open_live(
            settings, policy, known=known, on_session=keep_session, left_session=left
        ) as opened:
            yield opened
    except LiveSourceError as error:
        note_reading(tenant, pk, error=error, actor=actor)
        raise


def note_reading(
    tenant: Tenant, connection_id: uuid.UUID | None, *, error: LiveSourceError | None, actor: Actor
) -> None:
    """Keep how a reading ended: as the last sync, or as the last error."""
    if connection_id is None:
        return
    now = datetime.now(UTC)
    with tenant_scope(tenant, actor=actor):
        found = FileMakerConnection.objects.filter(pk=connection_id).first()
        if found is None:
            return
        found.last_checked_at, found.is_connected = now, error is None
        if error is None:
            found.last_sync_at = now
            found.last_error = found.last_error_remedy = ""
        else:
            found.last_error, found.last_error_remedy = error.message, error.remedy
        found.last_report = {**found.last_report, "code": error.code if error else ""}
        found.save()
