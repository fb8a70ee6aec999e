"""How patients are written on screen. `{% load patients %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils import timezone

from clinical.patients.contacts import PHONE_KINDS, format_phone
from clinical.patients.duplicates import count_open, merges_into
from clinical.patients.highlight import highlight
from clinical.patients.identifiers import explain_identifier

if TYPE_CHECKING:
    from datetime import date

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
