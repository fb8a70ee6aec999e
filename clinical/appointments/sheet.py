"""The day on paper: what each clinician has, as a PDF that may lie on a desk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from clinical.appointments.diary import title_of
from clinical.appointments.marks import marks_of
from clinical.appointments.statuses import LOOKS, TAKES_NO_TIME
from clinical.appointments.templatetags.appointments import span
from ui.pdf import render_pdf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User
    from clinical.appointments.marks import Mark
    from clinical.appointments.models import Appointment
    from clinical.appointments.selectors import Column, DaySheet, Visit
    from clinical.practice.models import Location, Practitioner
    from tenants.models import Tenant

TEMPLATE = Path(__file__).parent / "pdf" / "day_sheet.typ"


def sheet_pdf(
    sheet: DaySheet,
    *,
    actor: User,
    clinic: Tenant,
    location: Location | None,
    practitioner: Practitioner | None,
    now: datetime,
    with_names: bool,
) -> bytes:
    """Answer the day as a PDF. Without names it has initials, no notes, no phones, no addresses."""
    columns = [
        column
        for column in sheet.columns
        if practitioner is None or column.practitioner == practitioner
    ]
    visits = [visit.appointment for column in columns for visit in column.visits]
    marks = marks_of(actor, visits, now=now)
    return render_pdf(
        TEMPLATE,
        {
            "practice": clinic.name,
            "accent": clinic.accent,
            "day": f"{sheet.day:%A %-d %B %Y}",
            "place": location.name if location else "All locations",
            "printed": f"{now.astimezone(sheet.zone):%-d %b %Y %H:%M}",
            "private": not with_names,
            "columns": [_column(column, marks, with_names=with_names) for column in columns],
        },
    )


def _column(
    column: Column, marks: Mapping[UUID, Sequence[Mark]], *, with_names: bool
) -> dict[str, Any]:
    who = column.practitioner
    return {
        "name": who.name if who else "No clinician",
        "discipline": who.discipline if who else "",
        "colour": who.colour if who else "#8795a1",
        "seen": column.seen,
        "rows": [
            _row(visit, marks.get(visit.appointment.pk, ()), with_names=with_names)
            for visit in column.visits
        ],
    }


def _row(visit: Visit, marks: Sequence[Mark], *, with_names: bool) -> dict[str, Any]:
    item = visit.appointment
    kind = item.appointment_type
    has_status = item.patient_id is not None or item.is_group
    words = [mark.word for mark in marks]
    if with_names and item.patient and item.patient.alerts:
        words.insert(0, f"ALERT: {item.patient.alerts}")
    return {
        "time": span(visit),
        "who": _who(item, with_names=with_names),
        "what": kind.name if kind and not item.is_group else "",
        "status": LOOKS[item.status].label if has_status else "Blocked",
        "off": item.status in TAKES_NO_TIME,
        "seats": f"{len(visit.attending)} of {item.seats}" if item.is_group else "",
        "people": [_who(one, with_names=with_names) for one in visit.attending],
        "notes": item.notes if with_names and has_status else "",
        "phone": _phone(item) if with_names else "",
        "marks": words,
    }


def _who(item: Appointment, *, with_names: bool) -> str:
    if item.patient is None:
        return title_of(item)
    if with_names:
        return item.patient.full_name
    return "".join(f"{word[0].upper()}." for word in item.patient.full_name.split() if word)


def _phone(item: Appointment) -> str:
    if item.patient is None:
        return ""
    phones = [one for one in item.patient.points_in_order() if one.kind != "email"]
    return phones[0].value if phones else ""
