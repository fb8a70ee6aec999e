"""The verbs about consents and preferences. Answers are added, never changed."""

from __future__ import annotations

import calendar
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.text import slugify

from accounts.permissions import Action, Resource
from clinical.consents.models import Consent, ConsentKind, ContactPreference
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accounts.models import User
    from clinical.documents.models import Document
    from clinical.patients.models import Patient

PREFERENCES = (
    "channel",
    "best_time",
    "no_phone",
    "no_sms",
    "no_email",
    "no_post",
    "no_marketing",
    "language",
    "needs_interpreter",
    "access_needs",
)
KIND_FIELDS = ("name", "text", "is_required", "months", "order", "is_active")


class ConsentError(ValueError):
    """What was asked for cannot be done to this consent; the message is for a person."""


class AnswerFromTomorrowError(ConsentError):
    """An answer that was given on a day that has not come."""


class AnotherPatientsDocumentError(ConsentError):
    """A document of somebody else as the proof."""


class NameTakenError(ConsentError):
    """Two consents of one name."""


@transaction.atomic
def record_answer(
    patient: Patient,
    *,
    actor: User,
    kind: ConsentKind,
    answer: str,
    answered_on: date,
    today: date,
    way: str = Consent.Way.WRITTEN,
    by: str = "",
    expires_on: date | None = None,
    document: Document | None = None,
    note: str = "",
) -> Consent:
    """Keep what was said. A given one expires by its kind's months where no day is named."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    if answered_on > today:
        raise AnswerFromTomorrowError("This day has not come yet.")
    if document is not None and document.patient_id != patient.pk:
        raise AnotherPatientsDocumentError("This document is not this patient's.")
    is_given = answer == Consent.Answer.GIVEN
    if is_given and expires_on is None and kind.months:
        expires_on = months_after(answered_on, kind.months)
    return Consent.objects.create(
        patient=patient,
        kind=kind,
        answer=answer,
        answered_on=answered_on,
        expires_on=expires_on if is_given else None,
        way=way,
        by=by.strip(),
        document=document,
        note=note.strip(),
        recorded_by=actor.name,
    )


@transaction.atomic
def set_preferences(
    patient: Patient, *, actor: User, fields: Mapping[str, Any]
) -> ContactPreference:
    """Keep how the patient wants to be reached and what they need."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    unknown = set(fields) - set(PREFERENCES)
    if unknown:
        raise TypeError(f"Not a field that people set: {', '.join(sorted(unknown))}")
    preference, _is_new = ContactPreference.objects.update_or_create(
        patient=patient,
        defaults={n: v.strip() if isinstance(v, str) else v for n, v in fields.items()},
    )
    return preference


@transaction.atomic
def save_kind(kind: ConsentKind | None, *, actor: User, fields: Mapping[str, Any]) -> ConsentKind:
    """Add a consent that the clinic asks for, or change one; its key stays."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    name = fields["name"].strip()
    others = ConsentKind.objects.exclude(pk=kind.pk) if kind else ConsentKind.objects.all()
    if others.filter(name__iexact=name).exists():
        raise NameTakenError("There is a consent of this name already.")
    kind = kind or ConsentKind(key=_free_key(name))
    for field in KIND_FIELDS:
        value = fields[field]
        setattr(kind, field, value.strip() if isinstance(value, str) else value)
    kind.save()
    return kind


def months_after(day: date, months: int) -> date:
    """Answer the same day so many months later, or the month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _free_key(name: str) -> str:
    key = slugify(name)[:30] or "consent"
    taken = set(ConsentKind.objects.filter(key__startswith=key).values_list("key", flat=True))
    return next(k for k in (key, *(f"{key}-{n}" for n in range(2, 999))) if k not in taken)
