"""Questions to the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.hashing import microseconds, moment_of
from audit.models import Event

if TYPE_CHECKING:
    from datetime import datetime

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
    """An event by which a neighbouring page begins or ends."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{microseconds(self.at)}-{self.id}"

    @classmethod
    def of(cls, event: Event) -> Cursor:
        return cls(event.at, event.id)

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """Read a cursor from an address; answers None for anything else."""
        at, _, number = text.partition("-")
        try:
            return cls(moment_of(int(at)), int(number))
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True)
class EventPage:
    """One page of events, newest first, with the cursors of the pages before and after it."""

    events: list[Event]
    newer: Cursor | None
    older: Cursor | None


def events_about(subject_id: str) -> QuerySet[Event]:
    """Who looked at a patient and who changed what of theirs: newest first, payloads at hand."""
    return _events(EventFilter(subject_id=str(subject_id)))


def latest_events(
    wanted: EventFilter | None = None,
    *,
    after: Cursor | None = None,
    before: Cursor | None = None,
    size: int = PAGE_SIZE,
) -> EventPage:
    """Answer a page of the events that match: those older than `after`, or newer than `before`."""
    events = _events(wanted or EventFilter())
    if before is not None:
        events = events.filter(at__gte=before.at).exclude(at=before.at, id__lte=before.id)
        found = list(events.order_by("at", "id")[: size + 1])
        more, found = len(found) > size, found[:size][::-1]
        newer, older = more, True
    else:
        if after is not None:
            events = events.filter(at__lte=after.at).exclude(at=after.at, id__gte=after.id)
        found = list(events[: size + 1])
        newer, older = after is not None, len(found) > size
        found = found[:size]
    if not found:
        return EventPage([], None, None)
    return EventPage(
        found,
        Cursor.of(found[0]) if newer else None,
        Cursor.of(found[-1]) if older else None,
    )


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
