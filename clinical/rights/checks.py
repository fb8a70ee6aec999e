"""May this record be erased now? Every obstacle in words, each with its law; nothing is guessed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils import timezone

from clinical.appointments.models import Appointment
from clinical.rights import erasure
from clinical.rights.erasure import Obstacle, Person, clinic_url
from clinical.rights.finding import all_records_of
from clinical.rights.models import RightsRequest
from clinical.rights.retention import kept_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from clinical.patients.models import Patient
    from clinical.rights.policy import Policy
    from clinical.rights.retention import Kept


@dataclass(frozen=True)
class Verdict:
    """What stands against an erasure, and what will be kept all the same."""

    kept: Kept
    obstacles: list[Obstacle] = field(default_factory=list)
    stays: dict[str, str] = field(default_factory=dict)

    @property
    def is_lawful(self) -> bool:
        return not self.obstacles


def verdict_on(patient: Patient, policy: Policy, *, now: datetime) -> Verdict:
    """Hold a record against the policy; only reads."""
    today = timezone.localdate(now)
    kept = kept_of([patient.pk], policy.retention, today=today)[patient.pk]
    person = Person(
        ids=all_records_of(patient.pk), policy=policy, today=today, full_name=patient.full_name
    )
    obstacles = [*_by_time(kept, policy, person), *_by_work(patient, now)]
    for part in erasure.parts():
        if part.check is not None:
            obstacles += part.check(person)
    return Verdict(kept, obstacles, erasure.kept_tables())


def _by_time(kept: Kept, policy: Policy, person: Person) -> Iterator[Obstacle]:
    if kept.hold:
        yield Obstacle(f"A legal hold stands: {kept.hold}")
    if kept.is_for_life:
        yield Obstacle(f"The record is kept for life. {policy.retention.source}.")
    elif kept.until is not None and kept.until >= person.today:
        yield Obstacle(
            f"It must be kept until {kept.until:%-d %B %Y} ({kept.why_by_law.lower()}). "
            f"{policy.retention.source}."
        )


def _by_work(patient: Patient, now: datetime) -> Iterator[Obstacle]:
    coming = Appointment.objects.filter(patient=patient, starts_at__gte=now).exclude(
        status__startswith="cancel"
    )
    if coming.exists():
        yield Obstacle(
            "Visits are booked. Cancel them first.",
            clinic_url("patients:appointments", pk=patient.pk),
        )
    asked = RightsRequest.objects.filter(patient=patient, state=RightsRequest.State.OPEN).exclude(
        kind=RightsRequest.Kind.ERASURE
    )
    if asked.exists():
        yield Obstacle(
            "Another request of the person is not answered yet.",
            clinic_url("rights:record", pk=patient.pk),
        )
