"""Recalls of a demo clinic around today: due, tried, hidden, booked, declined."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from clinical.appointments.models import Appointment, Status
from clinical.patients.models import Patient
from clinical.practice.models import AppointmentType, Practitioner
from clinical.recalls.models import Recall, RecallContact, RecallType

if TYPE_CHECKING:
    import random
    from datetime import datetime

_TYPES = (
    ("Six-month review", 6, True),
    ("Annual check", 12, False),
    ("Orthotics review", 3, False),
)
_TRIES = (
    ("no_answer", ""),
    ("message_left", "On the mobile."),
    ("will_call", "Is at work until four."),
    ("later", "After the holidays, please."),
)
_LOOKED_THROUGH = 60


def fill(chance: random.Random, now: datetime) -> None:
    """Write recalls into a clinic that has patients and no kinds of recalls."""
    patients = list(Patient.objects.filter(is_archived=False)[:_LOOKED_THROUGH])
    if RecallType.objects.exists() or not patients:
        return
    answered_by = AppointmentType.objects.filter(is_active=True, max_attendees=1).last()
    kinds = RecallType.objects.bulk_create(
        RecallType(
            name=name,
            months=months,
            is_automatic=is_automatic,
            appointment_type=answered_by if is_automatic else None,
            after_type=answered_by if is_automatic else None,
        )
        for name, months, is_automatic in _TYPES
    )
    clinicians = list(Practitioner.objects.filter(is_active=True))
    visits = {
        visit.patient_id: visit
        for visit in Appointment.objects.filter(
            patient__in=patients, starts_at__gte=now, status=Status.BOOKED
        )
    }
    today = timezone.localdate(now)
    recalls, contacts = [], []
    for number, patient in enumerate(chance.sample(patients, min(len(patients), 34))):
        visit = visits.get(patient.pk) if not number % 5 else None
        state = "booked" if visit else "declined" if not (number + 1) % 11 else "open"
        recall = Recall(
            patient=patient,
            kind=chance.choice(kinds),
            practitioner=chance.choice(clinicians) if clinicians and number % 4 else None,
            due_on=today + timedelta(days=chance.randint(-40, 45)),
            state=state,
            appointment=visit,
            created_by="Nexus",
            created_at=now - timedelta(days=90),
        )
        tries = chance.randint(0, 2) if state == "open" else 1
        for back in range(tries, 0, -1):
            outcome, note = chance.choice(_TRIES)
            if back == 1 and state != "open":
                outcome, note = state, ""
            at = now - timedelta(days=4 * back, hours=chance.randint(0, 5))
            contacts.append(
                RecallContact(
                    recall=recall, patient=patient, at=at, way="phone", outcome=outcome, note=note,
                    by_name="Reception",
                )
            )  # fmt: skip
            recall.reminders, recall.last_contact_at = tries, at
        if tries and state == "open":
            recall.state = "contacted"
            recall.hidden_until = today + timedelta(days=5) if number % 3 == 0 else None
        recalls.append(recall)
    Recall.objects.bulk_create(recalls)
    RecallContact.objects.bulk_create(contacts)
