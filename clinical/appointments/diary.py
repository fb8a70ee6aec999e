"""The diary as the time grid on the page reads it: plain values, times as the place's clocks show."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from clinical.appointments.statuses import LOOKS, STAYS_WHERE_IT_IS, TAKES_NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from clinical.appointments.selectors import Visit
    from clinical.practice.models import Practitioner, RosterHours

NO_CLINICIAN = "none"
NO_COLOUR = "#9aa5b1"
WALL_CLOCK = "%Y-%m-%dT%H:%M"
FIRST_HOUR, LAST_HOUR = 7, 19
"""What the grid shows at least; it grows where something begins earlier or ends later."""


def event_of(visit: Visit) -> dict[str, Any]:
    """Answer one block of the grid."""
    item = visit.appointment
    look = LOOKS[item.status]
    kind = item.appointment_type
    return {
        "id": str(item.pk),
        "resourceIds": [str(item.practitioner_id or NO_CLINICIAN)],
        "start": f"{visit.starts:{WALL_CLOCK}}",
        "end": f"{visit.ends:{WALL_CLOCK}}",
        "title": item.patient.full_name if item.patient else (item.notes or "Blocked"),
        "editable": item.status not in STAYS_WHERE_IT_IS,
        "extendedProps": {
            "patient": item.patient_id is not None,
            "status": item.status,
            "statusLabel": look.label if item.patient_id else "Blocked",
            "tone": look.tone,
            "off": item.status in TAKES_NO_TIME,
            "type": kind.name if kind else "",
            "colour": kind.colour if kind else NO_COLOUR,
            "place": str(item.location) if item.location else "",
            "placeColour": item.location.colour if item.location else "",
            "alert": bool(item.patient and item.patient.alerts),
            "zone": visit.starts.tzname() if visit.is_foreign else "",
            "series": item.series_id is not None,
            "seen": item.changed_at.isoformat(),
            "url": reverse("appointments:detail", kwargs={"pk": item.pk}),
        },
    }


def columns_of(
    practitioners: Sequence[Practitioner], visits: Sequence[Visit]
) -> list[dict[str, Any]]:
    """Answer the grid's columns: clinicians in use, whoever else has something, the unassigned."""
    known = {practitioner.pk: practitioner for practitioner in practitioners}
    for visit in visits:
        practitioner = visit.appointment.practitioner
        if practitioner is not None:
            known.setdefault(practitioner.pk, practitioner)
    ordered = sorted(known.values(), key=lambda practitioner: practitioner.name.casefold())
    columns = [
        {
            "id": str(practitioner.pk),
            "title": practitioner.name,
            "extendedProps": {
                "discipline": practitioner.discipline,
                "colour": practitioner.colour,
            },
        }
        for practitioner in ordered
    ]
    if any(visit.appointment.practitioner_id is None for visit in visits) or not columns:
        columns.append({"id": NO_CLINICIAN, "title": "No clinician", "extendedProps": {}})
    return columns


def hours_of(visits: Sequence[Visit]) -> tuple[int, int]:
    """Answer the first and the last hour to show: a visit outside the usual hours is never hidden."""
    first, last = FIRST_HOUR, LAST_HOUR
    for visit in visits:
        if visit.ends.date() != visit.starts.date():
            return min(first, visit.starts.hour), 24
        first = min(first, visit.starts.hour)
        last = max(last, visit.ends.hour + (1 if visit.ends.minute else 0))
    return first, last


def rosters_of(hours: Sequence[RosterHours], first: date, last: date) -> list[dict[str, Any]]:
    """Answer the soft background: when clinicians are there, on each of the days."""
    found = []
    for day in _days(first, last):
        found += [
            {
                "id": f"roster-{span.pk}-{day:%d%m}",
                "resourceIds": [str(span.practitioner_id)],
                "start": f"{day}T{span.starts:%H:%M}",
                "end": f"{day}T{span.ends:%H:%M}",
                "display": "background",
            }
            for span in hours
            if span.weekday == day.weekday()
        ]
    return found


def on_duty(
    practitioners: Sequence[Practitioner], hours: Sequence[RosterHours], first: date, last: date
) -> Sequence[Practitioner]:
    """Answer who is rostered on these days, or everybody where no roster is kept."""
    weekdays = {day.weekday() for day in _days(first, last)}
    there = {span.practitioner_id for span in hours if span.weekday in weekdays}
    return [one for one in practitioners if one.pk in there] if hours else practitioners


def arrival_of(visit: Visit, now: datetime) -> dict[str, Any]:
    """Answer one line of the arrivals list; `minutes` is how long they have waited."""
    item = visit.appointment
    since = visit.arrived_at or item.starts_at
    return {
        "id": str(item.pk),
        "name": item.patient.full_name if item.patient else "",
        "at": f"{visit.starts:%H:%M}",
        "whom": item.practitioner.name if item.practitioner else "",
        "minutes": max(0, int((now - since).total_seconds() // 60)),
    }


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
