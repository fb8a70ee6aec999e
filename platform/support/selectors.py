"""Questions of the owners: who may come in, who is in, who was, and what they opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Max, Q
from django.http import Http404

from audit.models import Event
from audit.naming import ShownEvent, name_events
from support.desk.mirror import is_shut
from support.models import Access, Visit

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

LISTED = 100
SHOWN = 300
State = Access.State


@dataclass(frozen=True)
class Looked:
    """What was opened by one access: how often, and the latest of it."""

    pages: int
    records: int
    changes: int
    events: list[ShownEvent]


def accesses() -> QuerySet[Access]:
    """Answer all of them, with how often somebody came in; newest first."""
    return Access.objects.annotate(
        entries=Count("visits", filter=Q(visits__entered_at__isnull=False)),
        last_entry=Max("visits__entered_at"),
    )


def get_access(pk: UUID) -> Access:
    """Answer one; raises Http404."""
    found = accesses().filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such access.")
    return found


def waiting() -> list[Access]:
    return list(accesses().filter(state=State.ASKED))


def running(*, at: datetime) -> list[Access]:
    return list(accesses().filter(state=State.GRANTED, ends_at__gt=at))


def past(*, at: datetime, most: int = LISTED) -> list[Access]:
    over = Q(state=State.GRANTED, ends_at__gt=at) | Q(state=State.ASKED)
    return list(accesses().exclude(over)[:most])


def overdue(*, at: datetime) -> list[Access]:
    """Answer those that have ended by themselves, or with the clinic, and are not written down so."""
    held = Access.objects.filter(state__in=[State.ASKED, State.GRANTED])
    return [
        access
        for access in held
        if (access.ends_at is not None and access.ends_at <= at) or is_shut(access)
    ]


def latest_running_visit(*, at: datetime) -> Visit | None:
    """Answer who is in just now."""
    running_ones = Visit.objects.select_related("access").filter(
        ended_at=None, entered_at__isnull=False, access__state=State.GRANTED, access__ends_at__gt=at
    )
    return running_ones.order_by("-entered_at").first()


def visits_of(access: Access) -> list[Visit]:
    return list(access.visits.exclude(entered_at=None).order_by("-entered_at"))


def looked(access: Access, *, most: int = SHOWN) -> Looked:
    """Answer what stands in the clinic's own trail of everybody who came in by this access."""
    visits = visits_of(access)
    if not visits:
        return Looked(0, 0, 0, [])
    theirs = Event.objects.filter(
        actor_id__in=sorted({str(visit.operator_id) for visit in visits}),
        at__gte=min(visit.entered_at for visit in visits if visit.entered_at),
        impersonator__endswith=str(access.pk),
    )
    counted = theirs.aggregate(
        pages=Count("pk", filter=Q(action="support.opened")),
        records=Count("subject_id", filter=~Q(subject_id=""), distinct=True),
        changes=Count("pk", filter=Q(action__in=["create", "update", "delete"]) & ~_MACHINERY),
    )
    newest = theirs.exclude(_MACHINERY).select_related("payload").order_by("-at", "-id")[:most]
    return Looked(events=name_events(list(newest)), **counted)


_MACHINERY = Q(object_type__in=["accounts_session", "support_visit", "support_access"]) & Q(
    action__in=["create", "update", "delete"]
)
