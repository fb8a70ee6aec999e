"""Telephone numbers as vendors want them (E.164), and which of a patient's takes texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.patients.contacts import normalise_phone
from clinical.patients.models import ContactPoint
from ports.phones import is_textable

if TYPE_CHECKING:
    from clinical.patients.models import Patient


def comparable(number: str) -> str:
    """Write what a vendor calls a sender as `clinical.patients.contacts` compares it.

    A name ("Telco") has no digits and stays as it is, in lower case.
    """
    return normalise_phone(number) or number.strip().lower()


def mobile_of(patient: Patient) -> str:
    """Answer the comparable number that texts of the patient go to; nothing where there is none."""
    points = (
        point.normalised
        for point in patient.points_in_order()
        if point.kind != ContactPoint.Kind.EMAIL and is_textable(point.normalised)
    )
    return next(points, "")


def mail_of(patient: Patient) -> str:
    """Answer the address that mails to the patient go to; nothing where there is none."""
    points = (
        point.value.strip()
        for point in patient.points_in_order()
        if point.kind == ContactPoint.Kind.EMAIL
    )
    return next(points, "")
