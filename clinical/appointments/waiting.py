"""The waiting list: who would take a time that has become free, and the verbs about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from accounts.permissions import Action, Resource, sees_only_assigned
from clinical.appointments.models import WaitingEntry
from clinical.practice.clock import zone_of
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.appointments.models import Appointment
    from clinical.patients.models import Patient

OFFERED = 8


def open_entries(actor: User, *, today: date) -> QuerySet[WaitingEntry]:
    """Answer who waits, most urgent first; who waited until a day that is over waits no more."""
    found = WaitingEntry.objects.filter(is_open=True).filter(
        Q(until__isnull=True) | Q(until__gte=today)
    )
    if sees_only_assigned(actor):
        found = found.filter(patient__coordinator_assignments__user=actor)
    return found.select_related(
        "patient", "practitioner", "location", "appointment_type"
    ).prefetch_related("patient__contact_points")


def who_would_take(appointment: Appointment, actor: User) -> Sequence[WaitingEntry]:
    """Answer who waits for a time like the appointment's: its clinician, place, type, day and hour."""
    starts = appointment.starts_at.astimezone(zone_of(appointment.location))
    wanted = open_entries(actor, today=starts.date())
    if appointment.patient_id is not None:
        wanted = wanted.exclude(patient_id=appointment.patient_id)
    for name in ("practitioner", "location", "appointment_type"):
        chosen = getattr(appointment, f"{name}_id")
        wanted = wanted.filter(Q(**{f"{name}__isnull": True}) | Q(**{f"{name}_id": chosen}))
    wanted = wanted.filter(
        Q(earliest__isnull=True) | Q(earliest__lte=starts.time()),
        Q(latest__isnull=True) | Q(latest__gte=starts.time()),
    )
    suits = [e for e in wanted if not e.weekdays or starts.weekday() in e.weekdays]
    return suits[:OFFERED]


@transaction.atomic
def add_entry(*, actor: User, patient: Patient, **wishes: Any) -> WaitingEntry:
    """Put a patient on the list with what would suit."""
    require(actor, Action.CREATE, Resource.APPOINTMENTS)
    return WaitingEntry.objects.create(patient=patient, **wishes)


@transaction.atomic
def set_open(entry: WaitingEntry, *, actor: User, is_open: bool) -> WaitingEntry:
    """Take an entry off the list, or put it back."""
    require(actor, Action.CHANGE, Resource.APPOINTMENTS)
    entry.is_open = is_open
    entry.save(update_fields=["is_open", "changed_at"])
    return entry
