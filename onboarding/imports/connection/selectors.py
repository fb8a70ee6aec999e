"""What the pages, and the reading, ask about connections. All need the clinic's scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onboarding.filemaker.live.identity import KnownTable
from onboarding.imports.connection.models import FileMakerConnection
from onboarding.imports.models import ImportRun, ImportSource
from onboarding.imports.structure import Structure

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

_SOURCES_LOOKED_AT = 8


def list_connections() -> QuerySet[FileMakerConnection]:
    return FileMakerConnection.objects.defer("sealed_password", "sealed_session", "authority_pem")


def get_connection(connection_id: UUID) -> FileMakerConnection | None:
    return FileMakerConnection.objects.filter(pk=connection_id).first()


@dataclass(frozen=True)
class ConnectionState:
    """A connection in two words and a tone, as a pill shows it."""

    label: str
    tone: str


def state_of(connection: FileMakerConnection) -> ConnectionState:
    if not connection.sealed_password:
        return ConnectionState("Disconnected", "neutral")
    if connection.checking_since:
        return ConnectionState("Being tested", "info")
    if connection.is_connected:
        return ConnectionState("Connected", "success")
    if connection.last_error:
        return ConnectionState("Not connected", "danger")
    return ConnectionState("Not tested yet", "warning")


def runs_of(connection: FileMakerConnection) -> QuerySet[ImportRun]:
    """Answer the imports read by this connection, newest first."""
    return ImportRun.objects.filter(source__connection=connection).select_related("source")[:10]


def readable_of(connection: FileMakerConnection) -> list[dict[str, Any]]:
    """Answer the layouts or tables the last test found, each with whether it is read."""
    shown = set(connection.shown)
    return [
        {
            **entry,
            "place": " / ".join(entry["folders"]),
            "is_read": entry["name"] in shown if shown else entry["chosen"],
        }
        for entry in connection.last_report.get("readable", ())
    ]


def known_tables() -> list[KnownTable]:
    """Answer the tables of what was loaded before, newest first.

    A live source takes their ids over by name, so that the clinic that first uploaded its file and
    later connected its server is not imported twice.
    """
    loaded = (
        ImportSource.objects.filter(runs__state=ImportRun.State.LOADED)
        .order_by("-created_at")
        .distinct()
        .only("structure", "created_at")[:_SOURCES_LOOKED_AT]
    )
    return [
        KnownTable(table.table, table.fields)
        for source in loaded
        for table in Structure.from_json(source.structure).tables
    ]
