"""What the diary does to recalls: a booked visit answers one, a completed one starts the next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from clinical.appointments.changes import plan_of
from clinical.appointments.models import Status
from clinical.practice.clock import zone_of
from clinical.recalls.models import Recall, RecallType
from clinical.recalls.services import months_after

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from clinical.appointments.changes import Change
    from clinical.appointments.models import Appointment


def follow_plans(changes: Sequence[Change], at: datetime) -> None:
    """Close recalls that a visit answers; open those again whose visit was called off."""
    for change in changes:
        visit = change.appointment
        if plan_of(visit) is None:
            _open_again(visit)
        elif visit.starts_at >= at:
            _answer(visit)


def follow_status(visit: Appointment, at: datetime) -> None:
    """Start what follows a completed visit; take it back where the completion was a slip."""
    if visit.status == Status.COMPLETED:
        _start(visit, at=at)
    else:
        Recall.objects.filter(after=visit, state=Recall.State.OPEN, reminders=0).delete()
    if visit.status == Status.DID_NOT_ATTEND:
        _open_again(visit)


def _answer(visit: Appointment) -> None:
    suits = Q(kind__appointment_type=None) | Q(kind__appointment_type=visit.appointment_type_id)
    waiting = Recall.objects.filter(suits, patient=visit.patient_id, state__in=Recall.WAITING)
    answered = [
        recall.pk
        for recall in waiting.select_related("kind")
        if _day_of(visit) >= recall.due_on - timedelta(days=recall.kind.early_days)
    ]
    if answered:
        Recall.objects.filter(pk__in=answered).update(
            state=Recall.State.BOOKED, appointment=visit, hidden_until=None
        )


def _open_again(visit: Appointment) -> None:
    theirs = Recall.objects.filter(appointment=visit, state=Recall.State.BOOKED)
    theirs.filter(reminders=0).update(state=Recall.State.OPEN, appointment=None)
    theirs.filter(reminders__gt=0).update(state=Recall.State.CONTACTED, appointment=None)


def _start(visit: Appointment, *, at: datetime) -> None:
    suits = Q(after_type=None) | Q(after_type=visit.appointment_type_id)
    kinds = RecallType.objects.filter(suits, is_active=True, is_automatic=True)
    kind = kinds.order_by("months", "name").first()
    if kind is None or visit.patient_id is None or Recall.objects.filter(after=visit).exists():
        return
    if Recall.objects.filter(
        patient=visit.patient_id, kind=kind, state__in=Recall.WAITING
    ).exists():
        return
    Recall.objects.create(
        patient_id=visit.patient_id,
        kind=kind,
        practitioner_id=visit.practitioner_id,
        due_on=months_after(_day_of(visit), kind.months),
        after=visit,
        created_by="Nexus",
        created_at=at,
    )


def _day_of(visit: Appointment) -> date:
    return visit.starts_at.astimezone(zone_of(visit.location)).date()
