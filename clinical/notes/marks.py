"""Signs in the diary: whether a visit has its note."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from clinical.appointments.marks import Mark
from clinical.appointments.models import Status
from clinical.notes.models import Note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from clinical.appointments.models import Appointment

MARKS = (
    Mark("note", "notes", "note written", "its note is signed"),
    Mark("note_draft", "pencil", "note in draft", "its note is a draft still"),
    Mark("note_missing", "notes-off", "note missing", "it is over and has no note yet"),
)
MISSED_FOR = timedelta(days=60)
"""A note of a visit before that is not asked for: the old system may have kept it elsewhere."""


def note_marks(visits: Sequence[Appointment], now: datetime) -> dict[UUID, list[str]]:
    """Answer whether each visit's note is signed, a draft or missing."""
    rows = Note.objects.filter(appointment__in=[visit.pk for visit in visits])
    states: dict[UUID, set[str]] = {}
    for pk, state in rows.order_by().values_list("appointment_id", "state"):
        if pk is not None:
            states.setdefault(pk, set()).add(state)
    found = {
        pk: ["note_draft" if Note.State.DRAFT in kept else "note"] for pk, kept in states.items()
    }
    for visit in visits:
        is_over = visit.status == Status.COMPLETED and visit.ends_at > now - MISSED_FOR
        if is_over and visit.pk not in states:
            found[visit.pk] = ["note_missing"]
    return found
