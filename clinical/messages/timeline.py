"""Reminders and messages on a patient's timeline."""

from __future__ import annotations

from typing import Any

from clinical.messages.selectors import Turn, messages_of, reminders_of
from clinical.patients.timeline import Line, Source

LONGEST = 160


def _word(row: Any) -> Line:
    turn = Turn(row, row.moment, row.is_dated)
    is_mail = row.channel == "email"
    sender = f"From {row.address}" if is_mail else "From the patient"
    whose = sender if turn.is_incoming else ""
    text = row.body if len(row.body) <= LONGEST else f"{row.body[:LONGEST]} …"
    return Line(
        title=turn.what,
        url_name="clinic_messages:list",
        pk=row.patient_id,
        by=whose,
        text=text,
        pill=turn.pill,
    )


SOURCES = (
    Source("reminders", "Reminders", "bell", "messages.view", reminders_of, _word, has_time=True),
    Source("messages", "Messages", "message", "messages.view", messages_of, _word, has_time=True),
)
