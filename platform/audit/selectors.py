"""Questions to the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from audit.models import Event

if TYPE_CHECKING:
    from django.db.models import QuerySet

PAGE_SIZE = 50


@dataclass(frozen=True)
class EventFilter:
    """What to look for; an empty field asks for nothing. `since` is included, `until` is not."""

    actor_id: str = ""
    action: str = ""
    object_type: str = ""
    object_id: str = ""
    subject_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Cursor:
    """The last event of a page, by which the next one begins."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """Read a cursor from an address; answers None for anything else."""
        at, _, number = text.partition("~")
        try:
            return cls(datetime.fromisoformat(at), int(number))
        except ValueError:
            return None


@dataclass(frozen=True)
class EventPage:
    """One page of events, newest first; `after` is the next page's cursor, if there is one."""

    events: list[Event]
    after: Cursor | None


def events_about(subject_id: str) -> QuerySet[Event]:
    """Who looked at a patient and who changed what of theirs: newest first, payloads at hand."""
    return _events(EventFilter(subject_id=str(subject_id)))


def latest_events(
    wanted: EventFilter | None = None, *, after: Cursor | None = None, size: int = PAGE_SIZE
) -> EventPage:
    """Answer the newest events that match, from `after` on."""
    events = _events(wanted or EventFilter())
    if after is not None:
        events = events.filter(at__lte=after.at).exclude(at=after.at, id__gte=after.id)
    found = list(events[: size + 1])
    more = len(found) > size
    found = found[:size]
    return EventPage(found, Cursor(found[-1].at, found[-1].id) if more else None)


def _events(wanted: EventFilter) -> QuerySet[Event]:
    exact = {
        name: value
        for name in ("actor_id", "action", "object_type", "object_id", "subject_id")
        if (value := getattr(wanted, name))
    }
    events = Event.objects.select_related("payload").filter(**exact)
    if wanted.since:
        events = events.filter(at__gte=wanted.since)
    if wanted.until:
        events = events.filter(at__lt=wanted.until)
    return events.order_by("-at", "-id")
