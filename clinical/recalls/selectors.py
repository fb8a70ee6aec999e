"""Questions about recalls: who is due, what was tried."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.http import Http404

from clinical.recalls.models import Recall, RecallContact, RecallType
from clinical.recalls.rules import visible_recalls

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.patients.models import Patient

PAGE_SIZE = 50
SOON = timedelta(days=30)


class Window(StrEnum):
    """Which recalls the list shows."""

    DUE = "due"
    OVERDUE = "overdue"
    WEEK = "week"
    SOON = "soon"
    WAITING = "waiting"
    HIDDEN = "hidden"
    BOOKED = "booked"
    DECLINED = "declined"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Window.DUE: "Due now",
    Window.OVERDUE: "Overdue",
    Window.WEEK: "This week",
    Window.SOON: "Next 30 days",
    Window.WAITING: "All open",
    Window.HIDDEN: "Hidden for now",
    Window.BOOKED: "Booked",
    Window.DECLINED: "Declined",
}


@dataclass(frozen=True)
class RecallFilter:
    """What the list is narrowed to; None narrows nothing."""

    window: Window = Window.DUE
    practitioner_id: UUID | None = None
    kind_id: UUID | None = None
    location_id: UUID | None = None
    page: int = 1


@dataclass(frozen=True)
class RecallPage:
    recalls: Sequence[Recall]
    more: bool
    counts: dict[Window, int] = field(default_factory=dict)


def list_recalls(actor: User, wanted: RecallFilter, *, today: date) -> RecallPage:
    """Answer a page, the longest overdue first, and how many each window holds."""
    narrowed = _narrowed(actor, wanted)
    counts = narrowed.order_by().aggregate(
        **{
            window.value: Count("pk", filter=_in_window(window, today))
            for window in (Window.DUE, Window.OVERDUE, Window.WEEK, Window.SOON, Window.HIDDEN)
        }
    )
    found = narrowed.filter(_in_window(wanted.window, today))
    if wanted.window in {Window.BOOKED, Window.DECLINED}:
        found = found.order_by("-changed_at", "-id")
    rows = found.select_related("patient", "kind", "practitioner", "appointment").prefetch_related(
        "patient__contact_points"
    )
    start = (wanted.page - 1) * PAGE_SIZE
    shown = list(rows[start : start + PAGE_SIZE + 1])
    return RecallPage(
        shown[:PAGE_SIZE],
        len(shown) > PAGE_SIZE,
        {Window(name): count for name, count in counts.items()},
    )


def due_between(first: date, last: date) -> QuerySet[Recall]:
    """Answer whose recall is open and due in the days, both included; for reports."""
    found = Recall.objects.filter(
        state__in=Recall.WAITING, due_on__gte=first, due_on__lte=last, patient__is_archived=False
    )
    return found.select_related("patient", "kind", "practitioner")


def next_due(actor: User, *, after: Recall, today: date) -> Recall | None:
    """Answer whom to call next: the longest overdue but this one."""
    found = _narrowed(actor, RecallFilter()).filter(_in_window(Window.DUE, today))
    return found.exclude(pk=after.pk).first()


def get_recall(actor: User, pk: UUID) -> Recall:
    """Answer a recall that the actor may see; raises Http404."""
    found = (
        visible_recalls(actor)
        .filter(pk=pk)
        .select_related("patient", "kind", "practitioner", "appointment", "after")
        .first()
    )
    if found is None:
        raise Http404("There is no such recall.")
    return found


def contacts_of(recall: Recall) -> list[RecallContact]:
    return list(recall.contacts.all())


def recalls_of(actor: User, patient: Patient) -> list[Recall]:
    """Answer all of a patient's, the open ones first."""
    found = visible_recalls(actor).filter(patient=patient).select_related("kind", "practitioner")
    return sorted(
        found.prefetch_related("contacts"),
        key=lambda recall: (not recall.is_waiting, recall.due_on),
    )


def types_in_use() -> QuerySet[RecallType]:
    return RecallType.objects.filter(is_active=True)


def all_types() -> list[RecallType]:
    """Answer every type, those in use first, with how many recalls are open."""
    waiting = Count("recalls", filter=Q(recalls__state__in=Recall.WAITING))
    found = RecallType.objects.select_related("appointment_type", "after_type")
    return list(found.annotate(waiting=waiting).order_by("-is_active", "name", "id"))


def count_due(actor: User, *, today: date) -> int:
    return (
        visible_recalls(actor)
        .filter(_in_window(Window.DUE, today), patient__is_archived=False)
        .order_by()
        .count()
    )


def _narrowed(actor: User, wanted: RecallFilter) -> QuerySet[Recall]:
    found = visible_recalls(actor).filter(patient__is_archived=False)
    if wanted.practitioner_id:
        found = found.filter(practitioner_id=wanted.practitioner_id)
    if wanted.kind_id:
        found = found.filter(kind_id=wanted.kind_id)
    if wanted.location_id:
        found = found.filter(patient__location_id=wanted.location_id)
    return found.order_by("due_on", "id")


def _in_window(window: Window, today: date) -> Q:
    waits = Q(state__in=Recall.WAITING)
    hidden = Q(hidden_until__gt=today)
    shown = Q(hidden_until=None) | Q(hidden_until__lte=today)
    sunday = today + timedelta(days=6 - today.weekday())
    monday = today - timedelta(days=today.weekday())
    return {
        Window.DUE: waits & shown & Q(due_on__lte=sunday),
        Window.OVERDUE: waits & shown & Q(due_on__lt=today),
        Window.WEEK: waits & shown & Q(due_on__gte=monday, due_on__lte=sunday),
        Window.SOON: waits & shown & Q(due_on__gte=today, due_on__lte=today + SOON),
        Window.WAITING: waits,
        Window.HIDDEN: waits & hidden,
        Window.BOOKED: Q(state=Recall.State.BOOKED),
        Window.DECLINED: Q(state=Recall.State.DECLINED),
    }[window]
