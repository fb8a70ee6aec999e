"""Questions about letters and their templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils import timezone

from clinical.appointments.models import Appointment, Status
from clinical.contacts.models import Contact
from clinical.letters.merge_fields import LetterFacts
from clinical.letters.models import Letter, LetterTemplate
from clinical.letters.rules import visible_letters
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.practice.models import Location, Practitioner

SHOWN = 300
_MISSED = (Status.CANCELLED, Status.LATE_CANCELLATION, Status.DID_NOT_ATTEND)


def get_letter(actor: User, pk: UUID) -> Letter:
    """Answer a letter with its patient; raises Http404 for whom the actor may not see it."""
    letters = visible_letters(actor).filter(patient__in=visible_patients(actor))
    patient = ("patient", "patient__location", "patient__funding_type")
    related = (*patient, "practitioner", "contact", "location")
    return get_object_or_404(letters.select_related(*related), pk=pk)


def letters_of(actor: User, patient: Patient) -> Sequence[Letter]:
    """Answer the newest SHOWN letters without their text."""
    letters = visible_letters(actor).filter(patient=patient).select_related("contact")
    return list(letters.defer("body", "extra").order_by("-letter_date", "-id")[:SHOWN])


def templates_in_use() -> QuerySet[LetterTemplate]:
    return LetterTemplate.objects.filter(is_active=True)


def get_template(pk: UUID) -> LetterTemplate:
    return get_object_or_404(LetterTemplate, pk=pk)


def likely_recipients(patient: Patient) -> list[Contact]:
    """Answer the address book's entries around the patient: whom letters mostly go to."""
    around = Contact.objects.filter(patients__patient=patient, is_active=True)
    return list(around.distinct().order_by("search_name"))


def facts_for(
    patient: Patient,
    *,
    practice: str,
    now: datetime,
    contact: Contact | None,
    practitioner: Practitioner | None,
    location: Location | None,
) -> LetterFacts:
    """Gather what the fields of a letter are filled with."""
    visits = Appointment.objects.filter(patient=patient).exclude(status__in=_MISSED)
    past = visits.filter(starts_at__lte=now).order_by("-starts_at")
    coming = visits.filter(Q(starts_at__gt=now)).order_by("starts_at")
    last, upcoming = past.first(), coming.first()
    return LetterFacts(
        patient=patient,
        practice=practice,
        today=timezone.localdate(now),
        contact=contact,
        practitioner=practitioner,
        location=location,
        last_visit=timezone.localtime(last.starts_at) if last else None,
        next_visit=timezone.localtime(upcoming.starts_at) if upcoming else None,
    )
