"""How appointments are written on screen. `{% load appointments %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.template.defaultfilters import truncatechars
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
def visit_card(context: Context, visit: Visit) -> SafeString:
    """Draw a visit of the day's list: hundreds stand on a page, so it is a stencil."""
    item, patient, kind = (
        visit.appointment,
        visit.appointment.patient,
        visit.appointment.appointment_type,
    )
    is_blocked = patient is None and not item.is_group
    may_change = context["may"]["appointments"]["change"] and not is_blocked
    attending = ", ".join(one.patient.full_name for one in visit.attending if one.patient)
    place = item.location if context.get("all_places") and item.location else None
    what = [kind.name if kind and not item.is_group else "", str(place or "")]
    variant = {
        "is_off": is_off(item),
        "is_current": visit.is_now(context["now"]),
        "is_foreign": visit.is_foreign,
        "is_group": item.is_group,
        "is_blocked": is_blocked,
        "colour": (kind.colour if kind else "") or "#9aa5b1",
        "marks": tuple(of_visit(context.get("marks") or {}, item)),
        "status": item.status,
        "steps": tuple(next_steps(item)) if may_change else (),
        "shows_first": not is_off(item) and item.status != Status.COMPLETED,
        "all_places": bool(context.get("all_places")),
        "has_patient": patient is not None,
        "has_alerts": bool(patient and patient.alerts),
        "has_attending": bool(item.is_group and attending),
        "has_video": bool(item.video_link) and not is_off(item),
        "has_what": any(what),
        "has_notes": bool(patient and item.notes),
        "has_problem": bool(context.get("problem")),
    }
    return fill(
        "appointments/_visit_card.html",
        variant,
        pk=item.pk,
        patient_pk=item.patient_id,
        starts=visit.starts.isoformat(),
        span=span(visit),
        zone=visit.starts.tzname(),
        name=_name_of(visit),
        alerts=patient.alerts if patient else "",
        seats=f"{len(visit.attending)}/{item.seats}",
        attending=attending,
        video_link=item.video_link,
        what=" · ".join(filter(None, what)),
        notes=item.notes,
        problem=context.get("problem", ""),
        csrf_token=context.get("csrf_token", ""),
    )


def _name_of(visit: Visit) -> str:
    item = visit.appointment
    if item.patient:
        return item.patient.full_name
    if item.is_group:
        return (item.appointment_type.name if item.appointment_type else "") or "Group session"
    return truncatechars(item.notes, 60) or "Blocked"


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
