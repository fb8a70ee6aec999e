"""The verbs about patients. Who changed what is recorded by the tables' own triggers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from accounts.permissions import Action, Resource
from audit.services import record
from clinical.patients.contacts import normalise_contact
from clinical.patients.identifiers import is_valid_identifier, normalise_identifier
from clinical.patients.models import (
    Address,
    ContactPoint,
    CoordinatorAssignment,
    Patient,
    PatientIdentifier,
)
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import Manager

    from accounts.models import User

FIELDS = frozenset(
    {
        "title",
        "given_names",
        "family_name",
        "preferred_name",
        "former_names",
        "date_of_birth",
        "sex",
        "gender",
        "pronouns",
        "location",
        "funding_type",
        "coordinator_name",
        "coordinator_since",
        "plan_start",
        "plan_end",
        "alerts",
        "notes",
    }
)
"""What people may set; the rest is the machinery's."""


class PatientError(ValueError):
    """What was asked for cannot be done to this patient; the message is for a person."""


class NamelessPatientError(PatientError):
    """Nobody could find such a patient again."""


class PlanEndsBeforeItStartsError(PatientError):
    """The plan's dates are the wrong way round."""


class PatientChangedError(PatientError):
    """Somebody else has changed the patient since the actor read them."""


@dataclass(frozen=True)
class ContactValue:
    """A way to reach the patient, as typed; `id` names the row that it replaces."""

    kind: str
    value: str
    label: str = ""
    id: UUID | None = None

    def columns(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "value": self.value.strip(),
            "label": self.label.strip(),
            "normalised": normalise_contact(self.kind, self.value),
        }


@dataclass(frozen=True)
class IdentifierValue:
    """A card or scheme number, as typed; `id` names the row that it replaces."""

    kind: str
    value: str
    label: str = ""
    id: UUID | None = None
    reference: str = ""
    expires_on: date | None = None
    colour: str = ""

    def columns(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "value": self.value.strip(),
            "label": self.label.strip(),
            "normalised": normalise_identifier(self.value),
            "is_valid": is_valid_identifier(self.kind, self.value),
            "reference": self.reference.strip(),
            "expires_on": self.expires_on,
            "colour": self.colour,
        }


@dataclass(frozen=True)
class AddressValue:
    """An address; `id` names the row that it replaces."""

    kind: str
    lines: str = ""
    suburb: str = ""
    state: str = ""
    postcode: str = ""
    country: str = ""
    id: UUID | None = None

    def columns(self) -> dict[str, Any]:
        names = ("kind", "lines", "suburb", "state", "postcode", "country")
        return {name: getattr(self, name).strip() for name in names}


@dataclass(frozen=True)
class Details:
    """All that stands in rows of its own. What is missing here is taken away from the patient."""

    contacts: tuple[ContactValue, ...] = ()
    addresses: tuple[AddressValue, ...] = ()
    identifiers: tuple[IdentifierValue, ...] = ()


@transaction.atomic
def create_patient(
    *, actor: User, fields: Mapping[str, Any], details: Details | None = None
) -> Patient:
    """Add a patient; the database gives the number."""
    require(actor, Action.CREATE, Resource.PATIENTS)
    patient = Patient(**_checked(fields))
    _check_whole(patient)
    patient.save()
    _keep_details(patient, details or Details())
    return patient


def as_read_at(patient: Patient, seen: str) -> Patient:
    """Set back when the row was last changed to what the person saw (ISO 8601), for the swap."""
    try:
        patient.changed_at = datetime.fromisoformat(seen)
    except ValueError:
        raise PatientChangedError("The form is incomplete. Open it again.") from None
    return patient


@transaction.atomic
def change_patient(
    patient: Patient,
    *,
    actor: User,
    at: datetime,
    fields: Mapping[str, Any],
    details: Details | None = None,
) -> Patient:
    """Change the given fields, and all details where given.

    Raises PatientChangedError when the row is no longer as `patient` was read.
    """
    require(actor, Action.CHANGE, Resource.PATIENTS)
    for name, value in _checked(fields).items():
        setattr(patient, name, value)
    _check_whole(patient)
    _swap(patient, at=at, **{name: getattr(patient, name) for name in fields})
    if details is not None:
        _keep_details(patient, details)
    return patient


@transaction.atomic
def add_contact(patient: Patient, *, actor: User, contact: ContactValue) -> ContactPoint:
    """Add one way to reach the patient."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    return ContactPoint.objects.create(patient=patient, **contact.columns())


@transaction.atomic
def archive_patient(patient: Patient, *, actor: User, at: datetime, reason: str = "") -> Patient:
    """Take a patient out of the lists; the record stays and can be brought back."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    return _swap(patient, at=at, is_archived=True, archive_reason=reason.strip())


@transaction.atomic
def restore_patient(patient: Patient, *, actor: User, at: datetime) -> Patient:
    """Bring an archived patient back into the lists."""
    require(actor, Action.CHANGE, Resource.PATIENTS)
    return _swap(patient, at=at, is_archived=False, archive_reason="")


def assign_coordinator(patient: Patient, *, actor: User, coordinator: User) -> None:
    """Let a support coordinator see the participant."""
    require(actor, Action.CHANGE, Resource.STAFF)
    CoordinatorAssignment.objects.get_or_create(user=coordinator, patient=patient)


def unassign_coordinator(patient: Patient, *, actor: User, coordinator: User) -> None:
    """Take the participant out of the coordinator's sight."""
    require(actor, Action.CHANGE, Resource.STAFF)
    CoordinatorAssignment.objects.filter(user=coordinator, patient=patient).delete()


def read_id(text: str) -> UUID:
    """Read an id as a form sends it."""
    try:
        return UUID(text)
    except ValueError:
        raise PatientError("This is no patient's id.") from None


def record_view(patient: Patient, *, section: str = "overview") -> None:
    """Put on record that the actor of the scope looked at the patient."""
    record(
        "view",
        object_type=Patient._meta.db_table,
        object_id=str(patient.pk),
        subject_id=str(patient.pk),
        payload={"section": section},
    )


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - FIELDS
    if unknown:
        raise TypeError(f"Not a field that people set: {', '.join(sorted(unknown))}")
    return {
        name: value.strip() if isinstance(value, str) else value for name, value in fields.items()
    }


def _check_whole(patient: Patient) -> None:
    if not any((patient.given_names, patient.family_name, patient.preferred_name)):
        raise NamelessPatientError("Give the patient at least one name.")
    if patient.plan_start and patient.plan_end and patient.plan_end < patient.plan_start:
        raise PlanEndsBeforeItStartsError("The plan ends before it starts. Check both dates.")


def _swap(patient: Patient, *, at: datetime, **columns: Any) -> Patient:
    """Write the columns if the row is still the one that was read."""
    swapped = Patient.objects.filter(pk=patient.pk, changed_at=patient.changed_at).update(
        **columns, changed_at=at
    )
    if not swapped:
        raise PatientChangedError(
            f"{patient.full_name} was changed by somebody else in the meantime. "
            "Open the record again and repeat your change."
        )
    for name, value in columns.items():
        setattr(patient, name, value)
    patient.changed_at = at
    return patient


def _keep_details(patient: Patient, details: Details) -> None:
    _keep_rows(ContactPoint, patient, details.contacts)
    _keep_rows(Address, patient, details.addresses)
    _keep_rows(PatientIdentifier, patient, details.identifiers)


def _keep_rows(
    model: type[ContactPoint | Address | PatientIdentifier],
    patient: Patient,
    values: Iterable[ContactValue | AddressValue | IdentifierValue],
) -> None:
    """Make the rows be exactly the values: change those named by id, add the new, drop the rest."""
    manager: Manager[Any] = model.objects
    rows = {row.pk: row for row in manager.filter(patient=patient)}
    added = []
    for value in values:
        row = rows.pop(value.id, None) if value.id else None
        columns = value.columns()
        if row is None:
            added.append(model(patient=patient, **columns))
        elif any(getattr(row, name) != column for name, column in columns.items()):
            for name, column in columns.items():
                setattr(row, name, column)
            row.save()
    if rows:
        manager.filter(pk__in=rows).delete()
    manager.bulk_create(added)
