"""Appointments on a patient's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F

from clinical.appointments.selectors import visible_appointments
from clinical.appointments.statuses import LOOKS
from clinical.patients.timeline import Line, Source

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.appointments.models import Appointment
    from clinical.patients.models import Patient


def _rows(actor: User, patient: Patient) -> QuerySet[Appointment]:
    rows = visible_appointments(actor).filter(patient=patient)
    return rows.annotate(moment=F("starts_at"))


def _word(visit: Appointment) -> Line:
    look = LOOKS[visit.status]
    with_whom = [str(part) for part in (visit.practitioner, visit.location) if part]
    return Line(
        title=str(visit.appointment_type or "Appointment"),
        url_name="appointments:detail",
        pk=visit.pk,
        by=" · ".join(with_whom),
        pill=(look.label, look.tone, look.icon),
    )


SOURCE = Source(
    "appointments",
    "Appointments",
    "calendar",
    "appointments.view",
    _rows,
    _word,
    has_time=True,
)
