"""Questions about a clinic's connections and what waits for them. All need the clinic's scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.models import Connection, OutboxEntry
from connections.providers import Trade, providers

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

State = Connection.State
IN_USE = (State.LIVE, State.BROKEN)


def connection(provider: str) -> Connection | None:
    """Answer the clinic's connection to a vendor, whether it works or is broken."""
    return Connection.objects.filter(provider=provider, state__in=IN_USE).first()


def live(trade: Trade) -> Connection | None:
    """Answer the connection in use for a trade: of mail, texts and storage there is at most one."""
    keys = [one.key for one in providers() if one.trade is trade]
    found = Connection.objects.filter(provider__in=keys, state=State.LIVE)
    return found.order_by("-connected_at", "-id").first()


def in_use(trade: Trade) -> Connection | None:
    """Answer the same, and where none is live the one that is broken: what waits, waits for it."""
    keys = [one.key for one in providers() if one.trade is trade]
    found = Connection.objects.filter(provider__in=keys, state=State.BROKEN)
    return live(trade) or found.order_by("-connected_at", "-id").first()


def entries_about(subject: Model) -> QuerySet[OutboxEntry]:
    """Answer what was to be told to vendors about a thing, the newest first."""
    about = OutboxEntry.objects.filter(subject_id=subject.pk, subject_type=subject._meta.db_table)
    return about.order_by("-id")
