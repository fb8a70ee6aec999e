"""How patients are written on screen. `{% load patients %}`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django import template
from django.utils import timezone
from django.utils.html import format_html_join

from clinical.patients.contacts import PHONE_KINDS, format_phone
from clinical.patients.duplicates import count_open, merges_into
from clinical.patients.highlight import highlight
from clinical.patients.identifiers import explain_identifier
from ui.stencils import fill
from ui.templatetags.ui import avatar

if TYPE_CHECKING:
    from datetime import date

    from django.template.context import Context
    from django.utils.safestring import SafeString

    from clinical.patients.models import ContactPoint, Patient, PatientIdentifier, PatientMerge

register = template.Library()
register.filter("highlight", highlight)


@register.filter
def what_is_wrong(number: PatientIdentifier) -> str:
    """Write why a number cannot be right."""
    return explain_identifier(number.kind, number.value) or "Compare this number with the card."


@register.filter
def age(born: date | None) -> str:
    """Write an age: 46 y; below two years 14 m."""
    if born is None:
        return ""
    today = timezone.localdate()
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    return f"{months // 12} y" if months >= 24 else f"{max(months, 0)} m"  # noqa: PLR2004


@register.filter
def phone(point: ContactPoint) -> str:
    """Write a phone number as people read it; other contact points as they were typed."""
    if point.kind in PHONE_KINDS and point.normalised:
        shown = format_phone(point.normalised)
        return shown if shown != point.normalised else point.value
    return point.value


@register.filter
def first_phone(patient: Patient) -> ContactPoint | None:
    """Answer the number to ring first: a mobile one if there is one (from the prefetched rows)."""
    points = [point for point in patient.contact_points.all() if point.kind in PHONE_KINDS]
    return min(points, key=lambda point: point.kind != point.Kind.MOBILE, default=None)


@register.filter
def merges(patient: Patient) -> list[PatientMerge]:
    """Answer what the record was made of."""
    return merges_into(patient)


@register.simple_tag
def here_twice() -> int:
    """Answer how many pairs of records wait for somebody to decide whether they are one person."""
    return count_open()


@register.filter
def list_name(patient: Patient) -> str:
    """Write the name as lists sort it: family name first."""
    if patient.family_name and patient.given_names:
        return f"{patient.family_name}, {patient.given_names}"
    return patient.full_name


@register.simple_tag(takes_context=True)
def patient_line(context: Context, patient: Patient) -> SafeString:
    """Draw a line of a list of patients. A hundred stand on a page, so it is a stencil."""
    typed = context.get("typed") or ""
    point, summary = first_phone(patient), getattr(patient, "summary", None)
    last, coming = (summary.last_visit_at, summary.next_visit_at) if summary else (None, None)
    last_with = summary.last_practitioner if summary else None
    next_with = summary.next_practitioner if summary else None
    merged = getattr(patient, "merged_records", ())
    return fill(
        "patients/_line.html",
        {
            "has_preferred": bool(patient.preferred_name),
            "has_former": bool(patient.former_names and typed),
            "has_merged": bool(merged),
            "has_alerts": bool(patient.alerts),
            "is_archived": patient.is_archived,
            "is_born": patient.date_of_birth is not None,
            "has_phone": point is not None,
            "colour": patient.location.colour if patient.location else "",
            "has_last": last is not None,
            "has_last_with": last_with is not None,
            "has_next": coming is not None,
            "has_next_with": next_with is not None,
            "shows_plan": bool(context.get("shows_plan")),
            "has_plan": patient.plan_end is not None,
        },
        pk=patient.pk,
        avatar=avatar(patient.full_name, "sm"),
        name=highlight(list_name(patient), typed),
        preferred=highlight(patient.preferred_name, typed),
        former=highlight(patient.former_names, typed),
        merged=format_html_join(
            " ",
            '<span class="px-soft">also {}, no. {}</span>',
            ((highlight(gone.full_name, typed), gone.number) for gone in merged),
        ),
        alerts=patient.alerts,
        born=_day(patient.date_of_birth),
        age=age(patient.date_of_birth),
        dialled=point.normalised if point else "",
        phone=phone(point) if point else "",
        location=patient.location or "",
        funding=patient.funding_type or "\N{EN DASH}",
        last=_day(last),
        last_with=last_with or "",
        next=_moment(coming),
        next_with=next_with or "",
        plan=_day(patient.plan_end),
        number=patient.number,
    )


def _day(day: date | datetime | None) -> str:
    if isinstance(day, datetime):
        day = timezone.localtime(day)
    return f"{day:%d/%m/%Y}" if day else ""


def _moment(moment: datetime | None) -> str:
    if moment is None:
        return ""
    here = timezone.localtime(moment)
    return f"{here:%d/%m/%Y, %-I:%M} {here:%p}".replace("AM", "am").replace("PM", "pm")
