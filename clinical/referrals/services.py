"""The verbs about referrals. Who changed what is recorded by the tables' own triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from accounts.permissions import Action, Resource
from clinical.practice.rules import require
from clinical.referrals.models import Referral, ReferralVisit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from accounts.models import User
    from clinical.appointments.models import Appointment
    from clinical.patients.models import Patient

FIELDS = (
    "kind",
    "referrer",
    "referrer_name",
    "referred_on",
    "received_on",
    "starts_on",
    "months",
    "anchor",
    "expires_on",
    "sessions_allowed",
    "counted",
    "used_before",
    "document",
    "reason",
    "notes",
)


class ReferralError(ValueError):
    """What was asked for cannot be done to this referral; the message is for a person."""


class EndsBeforeItStartsError(ReferralError):
    """The referral ends before the day it was written."""


class AnotherPatientsError(ReferralError):
    """A referral or document of somebody else."""


class ReferralChangedError(ReferralError):
    """Somebody else has changed the referral since the actor read it."""


@transaction.atomic
def add_referral(patient: Patient, *, actor: User, fields: Mapping[str, Any]) -> Referral:
    """Add a referral; visits since its start that count to none yet are linked to it."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    referral = Referral(patient=patient, created_by=actor.name, **_checked(fields))
    _check(referral)
    referral.save()
    link_visits(patient)
    return referral


@transaction.atomic
def change_referral(
    referral: Referral, *, actor: User, seen: datetime, fields: Mapping[str, Any]
) -> Referral:
    """Change the given fields. Raises ReferralChangedError when the row is not as it was `seen`."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    current = Referral.objects.select_for_update().get(pk=referral.pk)
    if current.changed_at != seen:
        raise ReferralChangedError(
            "Somebody else has changed this referral in the meantime. Open it again and repeat your change."
        )
    for name, value in _checked(fields).items():
        setattr(referral, name, value)
    _check(referral)
    referral.save()
    link_visits(referral.patient)
    return referral


@transaction.atomic
def close_referral(referral: Referral, *, actor: User, reason: str = "") -> Referral:
    """Let no further visit count to it; those that do stay."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    referral.state, referral.closed_reason = Referral.State.CLOSED, reason.strip()
    referral.save(update_fields=["state", "closed_reason", "changed_at"])
    return referral


@transaction.atomic
def reopen_referral(referral: Referral, *, actor: User) -> Referral:
    require(actor, Action.CHANGE, Resource.PATIENTS)
    referral.state, referral.closed_reason = Referral.State.ACTIVE, ""
    referral.save(update_fields=["state", "closed_reason", "changed_at"])
    link_visits(referral.patient)
    return referral


@transaction.atomic
def count_visit_to(appointment: Appointment, *, actor: User, referral: Referral | None) -> None:
    """Let a visit count to this referral, or to none; from then on it stays as a person chose."""
    require(actor, Action.CHANGE, Resource.APPOINTMENTS)
    if referral is not None and referral.patient_id != appointment.patient_id:
        raise AnotherPatientsError("This referral is another patient's.")
    ReferralVisit.objects.update_or_create(
        appointment=appointment, defaults={"referral": referral, "chosen_by": actor.name or "–"}
    )


def link_visits(patient: Patient) -> int:
    """Link the patient's visits that count to no referral yet, in order; answers how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT referrals_link(%s)", [patient.pk])
        (linked,) = cursor.fetchone()
    return int(linked)


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise TypeError(f"Not a field that people set: {', '.join(sorted(unknown))}")
    return {name: v.strip() if isinstance(v, str) else v for name, v in fields.items()}


def _check(referral: Referral) -> None:
    start = referral.starts_on or referral.referred_on
    if referral.expires_on is not None and referral.expires_on < max(start, referral.referred_on):
        raise EndsBeforeItStartsError("The referral ends before it starts. Check the dates.")
    document = referral.document
    if document is not None and document.patient_id != referral.patient_id:
        raise AnotherPatientsError("This document is not this patient's.")
