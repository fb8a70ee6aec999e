"""What the page of deliveries lists: what is on its way to vendors, and what needs a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.http import Http404

from audit.naming import Named, name_things
from connections.models import OutboxEntry
from connections.outbox import kinds
from connections.providers import providers
from connections.revoking import KIND as REVOKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.db.models import QuerySet

State = OutboxEntry.State
PAGE_SIZE = 50
SHOWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "decide": ("Needs a decision", (State.FAILED, State.UNCLEAR)),
    "waiting": ("On its way", (State.WAITING, State.SENDING)),
    "done": ("Done", (State.SENT,)),
    "given_up": ("Given up", (State.CANCELLED,)),
}


@dataclass(frozen=True)
class Delivery:
    """An entry with the names of what it is, through whom it goes, and what it is about."""

    entry: OutboxEntry
    label: str
    vendor: str
    about: Named | None


@dataclass(frozen=True)
class DeliveryPage:
    deliveries: list[Delivery]
    next_before: UUID | None


def get_entry(pk: UUID) -> OutboxEntry:
    """Answer an entry of the clinic's; raises Http404."""
    found = OutboxEntry.objects.filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such delivery.")
    return found


def delivery_page(show: str, *, before: UUID | None = None) -> DeliveryPage:
    """Answer a page, the newest first; of what waits the oldest first stands last."""
    found = _shown(show)
    if before is not None:
        found = found.filter(pk__lt=before)
    entries = list(found.order_by("-pk")[: PAGE_SIZE + 1])
    more = entries[PAGE_SIZE - 1].pk if len(entries) > PAGE_SIZE else None
    return DeliveryPage(_named(entries[:PAGE_SIZE]), more)


def count_undecided() -> int:
    """Count what somebody has to decide on."""
    return _shown("decide").order_by().count()


def _shown(show: str) -> QuerySet[OutboxEntry]:
    found = OutboxEntry.objects.filter(state__in=SHOWS[show][1])
    # Giving access back is nobody's to decide: it is tried for two days, and then past.
    return found.exclude(Q(kind=REVOKING))


def _named(entries: Sequence[OutboxEntry]) -> list[Delivery]:
    labels = {key: kind.label for key, kind in kinds().items()}
    vendors = {one.key: one.name for one in providers()}
    names = name_things((entry.subject_type, str(entry.subject_id)) for entry in entries)
    return [
        Delivery(
            entry,
            labels.get(entry.kind, entry.kind),
            vendors.get(entry.provider, ""),
            names.get((entry.subject_type, str(entry.subject_id))),
        )
        for entry in entries
    ]
