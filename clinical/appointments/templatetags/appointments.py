"""How appointments are written on screen. `{% load appointments %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.template.loader import render_to_string

from clinical.appointments.diary import title_of
from clinical.appointments.models import Status
from clinical.appointments.statuses import ASKS_WHY, LOOKS, TAKES_NO_TIME, steps_from, verb_for
from ui.stencils import fill
from ui.templatetags.ui import pill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.template.context import Context
    from django.utils.safestring import SafeString

    from clinical.appointments.marks import Mark
    from clinical.appointments.models import Appointment
    from clinical.appointments.selectors import Visit

register = template.Library()


@register.simple_tag
def status_pill(status: str) -> SafeString:
    """Draw a status: word, shape and tone."""
    look = LOOKS[status]
    return pill(look.label, look.tone, icon=look.icon)


@register.filter
def next_steps(appointment: Appointment) -> list[tuple[str, str, str, bool]]:
    """Answer status, icon, verb and whether a reason is asked; the likeliest step first."""
    now = appointment.status
    return [
        (status, LOOKS[status].icon, verb_for(now, status), status in ASKS_WHY)
        for status in steps_from(appointment)
    ]


@register.simple_tag(takes_context=True)
def visit_steps(context: Context, item: Appointment, all_places: object) -> SafeString:
    """Draw the buttons and the menu of what can become of a visit."""
    return fill(
        "appointments/_visit_steps.html",
        {
            "steps": tuple(next_steps(item)),
            "shows_first": not is_off(item) and item.status != Status.COMPLETED,
            "all_places": bool(all_places),
        },
        pk=item.pk,
        name=item.patient.full_name if item.patient else item.appointment_type or "",
        csrf_token=context.get("csrf_token", ""),
    )


@register.filter
def is_off(appointment: Appointment) -> bool:
    """True when it takes nobody's time: cancelled or not attended."""
    return appointment.status in TAKES_NO_TIME


@register.filter
def span(visit: Visit) -> str:
    """Write from when to when, the half of the day once where it is the same."""
    begin, end = clock(visit.starts), clock(visit.ends)
    if begin[-2:] == end[-2:]:
        begin = begin[:-3]
    return f"{begin}\N{EN DASH}{end}"


@register.filter
def clash_words(visit: Visit) -> str:
    """Say what is in the way and from when to when the clinician is busy with it."""
    item = visit.appointment
    whom = f" with {item.practitioner}" if item.practitioner else ""
    around = item.minutes_before + item.minutes_after
    needs = f", and {around} min around it" if around else ""
    return f"{span(visit)}: {title_of(item) if item.patient_id or item.is_group else 'blocked'}{whom}{needs}"


@register.filter
def of_visit(marks: Mapping[UUID, Sequence[Mark]], item: Appointment) -> Sequence[Mark]:
    """Answer a visit's marks."""
    return marks.get(item.pk, ()) if marks else ()


@register.filter
def clock(moment: datetime) -> str:
    """Write the time as the place's clock shows it: 9:30 am."""
    return f"{moment:%-I:%M} {moment:%p}".lower()


@register.simple_tag
def now_mark(visits: Sequence[Visit], place: int, now: datetime, here: datetime) -> str:
    """Draw the line of the present time before the visit at `place`, if it belongs there."""
    before = visits[place - 1].appointment.starts_at if place else None
    after = visits[place].appointment.starts_at if place < len(visits) else None
    if (before is None or before <= now) and (after is None or after > now):
        return render_to_string("appointments/_now.html", {"label": clock(here)})
    return ""


@register.filter
def is_now(visit: Visit, now: datetime) -> bool:
    return visit.is_now(now)
