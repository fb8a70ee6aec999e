"""Questions about letters and their templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils import timezone

from clinical.appointments.models import Appointment, Status
from clinical.contacts.models import PatientContact
from clinical.letters.merge_fields import LetterFacts
from clinical.letters.models import Letter, LetterMail, LetterTemplate
from clinical.letters.rules import visible_letters
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.contacts.models import Contact
    from clinical.patients.models import Patient
    from clinical.practice.models import Location, Practitioner

SHOWN = 300
_PLACES = {PatientContact.Kind.REFERRER.value: 0, PatientContact.Kind.GP.value: 1}
"""Whom letters go to first."""
_MISSED = (Status.CANCELLED, Status.LATE_CANCELLATION, Status.DID_NOT_ATTEND)


def get_letter(actor: User, pk: UUID) -> Letter:
    """Answer a letter with its patient; raises Http404 for whom the actor may not see it."""
    letters = visible_letters(actor).filter(patient__in=visible_patients(actor))
    patient = ("patient", "patient__location", "patient__funding_type")
    related = (*patient, "practitioner", "contact", "location", "replaces", "replaced_by")
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
    """Answer the address book's entries around the patient, the referrer first, then the GP."""
    around = PatientContact.objects.filter(patient=patient, contact__is_active=True)
    people = sorted(
        around.select_related("contact"),
        key=lambda person: (_PLACES.get(person.kind, len(_PLACES)), person.shown_name.lower()),
    )
    found = {person.contact_id: person.contact for person in people if person.contact}
    return list(found.values())


def referrer_of(patient: Patient) -> Contact | None:
    """Answer whom a letter about the patient most likely goes to."""
    referrers = PatientContact.objects.filter(
        patient=patient, kind__in=_PLACES, contact__is_active=True
    ).select_related("contact")
    people = sorted(referrers, key=lambda person: _PLACES[person.kind])
    return people[0].contact if people else None


def get_mail(actor: User, pk: UUID) -> LetterMail:
    """Answer a mail of a letter that the actor may see; raises Http404."""
    mails = LetterMail.objects.filter(
        letter__in=visible_letters(actor), letter__patient__in=visible_patients(actor)
    )
    return get_object_or_404(mails.select_related("letter"), pk=pk)


def addresses_for(letter: Letter) -> list[tuple[str, str]]:
    """Answer whom a letter could be mailed to: pairs of name and address, the recipient first."""
    people = [letter.contact] if letter.contact else []
    people += [copy.contact for copy in letter.copies.select_related("contact") if copy.contact]
    people += likely_recipients(letter.patient)
    found = {person.email.strip(): person.full_name for person in people if person.email.strip()}
    for point in letter.patient.points_in_order():
        if point.kind == "email":
            found.setdefault(point.value.strip(), letter.patient.full_name)
    return [(name, address) for address, name in found.items()]


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
