"""The verbs about problems, allergies and medications. Who changed which row, the triggers record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.patients.models import Patient
from clinical.practice.rules import require
from clinical.problems.kinds import KINDS, kind_of
from clinical.problems.models import Allergy, EntryVersion, ListReview, NoKnownAllergies, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from accounts.models import User
    from clinical.problems.kinds import Kind

REASON_LENGTH = 300


class EntryError(ValueError):
    """What was asked for cannot be done to the list; the message is for a person."""


class EntryChangedError(EntryError):
    """The entry was changed elsewhere since the person read it."""


class HasAllergiesError(EntryError):
    """Somebody with active allergies cannot have none."""


@transaction.atomic
def add_entry(
    patient: Patient, kind: Kind, *, actor: User, at: datetime, fields: Mapping[str, Any]
) -> Any:
    """Put a line on one of the patient's lists."""
    require(actor, Action.CREATE, Resource.NOTES)
    entry = kind.model(
        patient=patient, recorded_by=actor.name, changed_at=at, **_checked(kind, fields)
    )
    _check_dates(entry)
    entry.save()
    _keep_wording(entry, "Added", actor=actor, at=at)
    if isinstance(entry, Allergy) and entry.status == Allergy.Status.ACTIVE:
        _withdraw_statement(patient, at=at)
    return entry


@transaction.atomic
def change_entry(
    entry: Any, *, actor: User, at: datetime, fields: Mapping[str, Any], seen: str = ""
) -> Any:
    """Change a line; what it said before is kept. `seen`: its `changed_at` as the person read it."""
    require(actor, Action.CHANGE, Resource.NOTES)
    kind = kind_of(entry)
    entry = kind.model.objects.select_for_update(of=("self",)).get(pk=entry.pk)
    if seen and seen != entry.changed_at.isoformat():
        raise EntryChangedError(
            "Somebody else has changed this entry in the meantime. Open it again and repeat "
            "your change."
        )
    values = _checked(kind, fields)
    if all(getattr(entry, name) == value for name, value in values.items()):
        return entry
    for name, value in values.items():
        setattr(entry, name, value)
    entry.changed_at = at
    _check_dates(entry)
    entry.save()
    _keep_wording(entry, "Changed", actor=actor, at=at)
    if isinstance(entry, Allergy) and entry.status == Allergy.Status.ACTIVE:
        _withdraw_statement(entry.patient, at=at)
    return entry


@transaction.atomic
def mark_as_error(entry: Any, *, actor: User, at: datetime, reason: str = "") -> Any:
    """Take a line out of the list as entered in error; `bring_back` undoes it."""
    require(actor, Action.CHANGE, Resource.NOTES)
    entry.is_error, entry.error_reason, entry.changed_at = True, reason[:REASON_LENGTH], at
    entry.save(update_fields=["is_error", "error_reason", "changed_at"])
    words = "Entered in error" + (f": {entry.error_reason}" if entry.error_reason else "")
    _keep_wording(entry, words, actor=actor, at=at)
    return entry


@transaction.atomic
def bring_back(entry: Any, *, actor: User, at: datetime) -> Any:
    """Put a line back that was said to be entered in error."""
    require(actor, Action.CHANGE, Resource.NOTES)
    entry.is_error, entry.error_reason, entry.changed_at = False, "", at
    entry.save(update_fields=["is_error", "error_reason", "changed_at"])
    _keep_wording(entry, "Put back", actor=actor, at=at)
    if isinstance(entry, Allergy) and entry.status == Allergy.Status.ACTIVE:
        _withdraw_statement(entry.patient, at=at)
    return entry


@transaction.atomic
def state_no_known_allergies(patient: Patient, *, actor: User, at: datetime) -> NoKnownAllergies:
    """Keep that the patient was asked and knows of none."""
    require(actor, Action.CREATE, Resource.NOTES)
    Patient.objects.select_for_update(of=("self",)).get(pk=patient.pk)
    active = Allergy.objects.filter(patient=patient, status=Allergy.Status.ACTIVE, is_error=False)
    if first := active.first():
        raise HasAllergiesError(
            f"{first.substance} stands on the list. Say that it is no longer so, or that it was "
            "entered in error, before you state that there are none."
        )
    _withdraw_statement(patient, at=at)
    return NoKnownAllergies.objects.create(patient=patient, stated_by=actor.name, stated_at=at)


@transaction.atomic
def withdraw_no_known_allergies(patient: Patient, *, actor: User, at: datetime) -> None:
    """Take the statement back: it is not known again."""
    require(actor, Action.CHANGE, Resource.NOTES)
    _withdraw_statement(patient, at=at)


def review_list(patient: Patient, kind: Kind, *, actor: User, at: datetime) -> ListReview:
    """Keep that the actor went through the list with the patient."""
    require(actor, Action.CREATE, Resource.NOTES)
    return ListReview.objects.create(patient=patient, kind=kind.slug, by_name=actor.name, at=at)


def _withdraw_statement(patient: Patient, *, at: datetime) -> None:
    NoKnownAllergies.objects.filter(patient=patient, withdrawn_at=None).update(withdrawn_at=at)


def _checked(kind: Kind, fields: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(fields) - set(kind.fields):
        raise TypeError(f"Not a field that people set: {', '.join(sorted(unknown))}")
    return {
        name: value.replace("\x00", "").strip() if isinstance(value, str) else value
        for name, value in fields.items()
    }


def _check_dates(entry: Any) -> None:
    spans = {"problems": ("onset_on", "resolved_on"), "medications": ("since", "until")}
    first, last = (getattr(entry, name) for name in spans.get(kind_of(entry).slug, ("pk", "pk")))
    if first and last and last < first:
        raise EntryError("It ends before it began. Check both dates.")
    if isinstance(entry, Problem) and entry.resolved_on and entry.status == Problem.Status.ACTIVE:
        raise EntryError("An active problem has no day on which it was resolved.")


def _keep_wording(entry: Any, what: str, *, actor: User, at: datetime) -> None:
    kind = kind_of(entry)
    EntryVersion.objects.create(
        patient_id=entry.patient_id,
        kind=kind.slug,
        entry_id=entry.pk,
        what=what,
        wording=KINDS[kind.slug].wording_of(entry),
        by_name=actor.name,
        at=at,
    )
