"""Questions about the demo data of the clinic in scope."""

from __future__ import annotations

from audit.models import Event
from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from onboarding.demo_data.models import DemoTable

ADOPTED = ("practice_location", "practice_practitioner", "practice_appointmenttype")
"""Of these a row somebody has changed is theirs from then on."""


def demo_keys(*tables: str) -> dict[str, set[str]]:
    """Answer the keys of the demo's rows, of these tables or of all."""
    found = DemoTable.objects.all()
    if tables:
        found = found.filter(table__in=tables)
    return {row.table: set(row.keys) for row in found}


def is_filled() -> bool:
    """Answer whether demo data stands in the clinic."""
    return DemoTable.objects.exists()


def against_filling() -> str:
    """Say why demo data cannot come in; "" where it can."""
    if is_filled():
        return "The demo data is here already."
    if Patient.objects.exists() or Appointment.objects.exists():
        return (
            "Demo data is for a clinic without patients, so that nobody ever takes an invented person "
            "for a real one. This clinic has some."
        )
    return ""


def touched_by_people(table: str, keys: set[str], *actions: str) -> set[str]:
    """Answer those rows that somebody who signed in has made or changed, by the audit trail."""
    about = Event.objects.filter(
        object_type=table, object_id__in=list(keys), action__in=actions
    ).exclude(actor_id="")
    return set(about.values_list("object_id", flat=True))
