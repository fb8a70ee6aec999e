"""The diary as the time grid on the page reads it: plain values, times as the place's clocks show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from clinical.appointments.statuses import LOOKS, STAYS_WHERE_IT_IS, TAKES_NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from clinical.appointments.marks import Mark
    from clinical.appointments.models import Appointment
    from clinical.appointments.selectors import Visit
    from clinical.practice.models import Practitioner, RosterHours

NO_CLINICIAN = "none"
NO_COLOUR = "#9aa5b1"
WALL_CLOCK = "%Y-%m-%dT%H:%M"
FIRST_HOUR, LAST_HOUR = 7, 19
"""What the grid shows at least; it grows where something begins earlier or ends later."""


def event_of(visit: Visit, marks: Sequence[Mark] = ()) -> dict[str, Any]:
    """Answer one block of the grid."""
    item = visit.appointment
    look = LOOKS[item.status]
    kind = item.appointment_type
    has_status = item.patient_id is not None or item.is_group
    return {
        "id": str(item.pk),
        "resourceIds": [_column_of(item)],
        "start": f"{visit.starts:{WALL_CLOCK}}",
        "end": f"{visit.ends:{WALL_CLOCK}}",
        "title": title_of(item),
        "editable": item.status not in STAYS_WHERE_IT_IS and item.group_id is None,
        "extendedProps": {
            "patient": has_status,
            "named": item.patient_id is not None,
            "status": item.status,
            "statusLabel": look.label if has_status else "Blocked",
            "tone": look.tone,
            "off": item.status in TAKES_NO_TIME,
            "type": kind.name if kind and not item.is_group else "",
            "colour": kind.colour if kind else NO_COLOUR,
            "place": str(item.location) if item.location else "",
            "placeColour": item.location.colour if item.location else "",
            "alert": bool(item.patient and item.patient.alerts),
            "seats": f"{len(visit.attending)}/{item.seats}" if item.is_group else "",
            "people": [one.patient.full_name for one in visit.attending if one.patient],
            "marks": [{"key": mark.key, "word": mark.word} for mark in marks],
            "zone": visit.starts.tzname() if visit.is_foreign else "",
            "series": item.series_id is not None,
            "seen": item.changed_at.isoformat(),
            "url": reverse("appointments:detail", kwargs={"pk": item.pk}),
        },
    }


def title_of(item: Appointment) -> str:
    """Name what stands in the diary: the patient, the session, or why the time is blocked."""
    if item.patient:
        return item.patient.full_name
    if item.is_group and item.appointment_type:
        return item.appointment_type.name
    return item.notes or "Blocked"


def _column_of(item: Appointment) -> str:
    return str(item.practitioner_id or NO_CLINICIAN)


def around_of(visit: Visit) -> list[dict[str, Any]]:
    """Answer what the clinician needs before and after a visit, as hatched background."""
    item = visit.appointment
    if item.status in TAKES_NO_TIME or item.group_id is not None:
        return []
    zone = visit.starts.tzinfo
    spans = (
        ("before", item.busy_from, item.starts_at, item.travel_before),
        ("after", item.ends_at, item.busy_until, item.travel_after),
    )
    return [
        {
            "id": f"{name}-{item.pk}",
            "resourceIds": [_column_of(item)],
            "start": f"{begin.astimezone(zone):{WALL_CLOCK}}",
            "end": f"{end.astimezone(zone):{WALL_CLOCK}}",
            "display": "background",
            "extendedProps": {"around": "travel" if travel else "buffer"},
        }
        for name, begin, end, travel in spans
        if begin < end
    ]


def columns_of(
    practitioners: Sequence[Practitioner], visits: Sequence[Visit]
) -> list[dict[str, Any]]:
    """Answer the grid's columns in the order given, and one for what has no clinician."""
    columns = [
        {
            "id": str(practitioner.pk),
            "title": practitioner.name,
            "extendedProps": {
                "discipline": practitioner.discipline,
                "colour": practitioner.colour,
            },
        }
        for practitioner in practitioners
    ]
    if any(visit.appointment.practitioner_id is None for visit in visits) or not columns:
        columns.append({"id": NO_CLINICIAN, "title": "No clinician", "extendedProps": {}})
    return columns


def clinicians_of(practitioners: Sequence[Practitioner], visits: Sequence[Visit]) -> Clinicians:
    """Answer the clinicians in use with whoever else has something, and who of them is booked."""
    known = {practitioner.pk: practitioner for practitioner in practitioners}
    booked: Counter[UUID] = Counter()
    for visit in visits:
        practitioner = visit.appointment.practitioner
        if practitioner is not None:
            known.setdefault(practitioner.pk, practitioner)
            booked[practitioner.pk] += 1
    return Clinicians(list(known.values()), booked)


@dataclass(frozen=True)
class Clinicians:
    """Who may have a column, and how many visits each has."""

    known: Sequence[Practitioner]
    booked: Counter[UUID]


def hours_of(visits: Sequence[Visit]) -> tuple[int, int]:
    """Answer the first and the last hour to show: a visit outside the usual hours is never hidden."""
    first, last = FIRST_HOUR, LAST_HOUR
    for visit in visits:
        item, zone = visit.appointment, visit.starts.tzinfo
        day = visit.starts.date()
        begins, ends = (one.astimezone(zone) for one in (item.busy_from, item.busy_until))
        first = 0 if begins.date() != day else min(first, begins.hour)
        last = 24 if ends.date() != day else max(last, ends.hour + (1 if ends.minute else 0))
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
) -> set[UUID]:
    """Answer who is rostered on these days, or everybody where no roster is kept."""
    weekdays = {day.weekday() for day in _days(first, last)}
    if not hours:
        return {one.pk for one in practitioners}
    return {span.practitioner_id for span in hours if span.weekday in weekdays}


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
