"""Beside a visit in the diary: that its patient is about to be told, or could not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from clinical.messages.models import PatientNotice, Reminder
from clinical.patients.header import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from accounts.models import User
    from clinical.appointments.models import Appointment

State = PatientNotice.State


def drawer_facts_of(_actor: User, appointment: Appointment, now: datetime) -> Iterator[Fact]:
    """Answer what the patient of a visit knows of its last change."""
    notice = (
        PatientNotice.objects.filter(appointment=appointment).order_by("-due_at", "-pk").first()
    )
    if notice is None or notice.state == State.DROPPED:
        return
    url = reverse("clinic_messages:list", kwargs={"pk": notice.patient_id})
    if notice.state == State.FAILED:
        yield Fact("Patient", "not told", note=notice.problem, tone="warning", url=url, order=60)
    elif notice.state == State.SENT:
        yield Fact("Patient", f"told: {notice.get_kind_display().lower()}", url=url, order=60)
    else:
        minutes = max(0, round((notice.due_at - now).total_seconds() / 60))
        when = f"in {minutes} min" if minutes else "within a minute"
        yield Fact("Patient", f"is told {when}", tone="info", url=url, order=60)


def reminder_facts_of(_actor: User, appointment: Appointment, _now: datetime) -> Iterator[Fact]:
    """Answer what became of the last reminder of a visit, and what the patient answered."""
    found = Reminder.objects.filter(
        appointment=appointment, rule__isnull=False, starts_at=appointment.starts_at
    )
    reminder = found.order_by("-due_at", "-pk").first()
    if reminder is None:
        return
    url = reverse("clinic_messages:list", kwargs={"pk": reminder.patient_id})
    if reminder.reply == Reminder.Reply.NO:
        yield Fact("Reminder", "asked to cancel", tone="warning", url=url, order=61)
    elif reminder.reply == Reminder.Reply.YES:
        yield Fact("Reminder", "confirmed by SMS", tone="success", url=url, order=61)
    elif reminder.state == Reminder.State.FAILED:
        yield Fact("Reminder", "not sent", note=reminder.problem, tone="warning", url=url, order=61)
    else:
        word = reminder.get_state_display().lower()
        note = reminder.get_channel_display()
        yield Fact("Reminder", word, note=note, url=url, order=61)
