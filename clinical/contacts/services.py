"""The verbs about the address book and the people around patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import signing
from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.contacts.models import Contact, PatientContact
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from accounts.models import User
    from clinical.patients.models import Patient

CONTACT_FIELDS = (
    "name",
    "title",
    "given_names",
    "family_name",
    "organisation",
    "kind",
    "specialty",
    "provider_number",
    "phone",
    "mobile",
    "fax",
    "email",
    "address",
    "notes",
)
PERSON_FIELDS = ("contact", "kind", "name", "relationship", "phone", "email", "notes")
UNDO_SECONDS = 15 * 60
_SALT = "clinical.contacts.removed"


class ContactError(ValueError):
    """What was asked for cannot be done to this contact; the message is for a person."""


class NamelessContactError(ContactError):
    """Nobody could find such a contact again."""


class ContactChangedError(ContactError):
    """Somebody else has changed the contact since the actor read it."""


class UndoTooLateError(ContactError):
    """What was removed can no longer be brought back by a press of a button."""


@transaction.atomic
def add_contact(*, actor: User, fields: Mapping[str, Any]) -> Contact:
    """Add an entry to the address book."""
    require(actor, Action.CREATE, Resource.CONTACTS)
    contact = Contact(**_checked(fields, CONTACT_FIELDS))
    _check_contact(contact)
    contact.save()
    return contact


@transaction.atomic
def change_contact(
    contact: Contact, *, actor: User, at: datetime, seen: datetime, fields: Mapping[str, Any]
) -> Contact:
    """Change an entry as it was at `seen`; raises ContactChangedError when it is no longer so."""
    require(actor, Action.CHANGE, Resource.CONTACTS)
    columns = _checked(fields, CONTACT_FIELDS)
    for name, value in columns.items():
        setattr(contact, name, value)
    _check_contact(contact)
    swapped = Contact.objects.filter(pk=contact.pk, changed_at=seen).update(
        **columns, changed_at=at
    )
    if not swapped:
        raise ContactChangedError(
            f"{contact.full_name} was changed by somebody else in the meantime. "
            "Open the entry again and repeat your change."
        )
    return contact


@transaction.atomic
def archive_contact(contact: Contact, *, actor: User, at: datetime) -> Contact:
    """Take an entry out of the lists; patients and letters that name it keep it."""
    return _set_active(contact, actor=actor, at=at, is_active=False)


@transaction.atomic
def restore_contact(contact: Contact, *, actor: User, at: datetime) -> Contact:
    return _set_active(contact, actor=actor, at=at, is_active=True)


@transaction.atomic
def add_person(patient: Patient, *, actor: User, fields: Mapping[str, Any]) -> PatientContact:
    """Put somebody beside a patient."""
    require(actor, Action.CREATE, Resource.CONTACTS)
    person = PatientContact(patient=patient, **_checked(fields, PERSON_FIELDS))
    _check_person(person)
    person.save()
    return person


@transaction.atomic
def change_person(
    person: PatientContact, *, actor: User, fields: Mapping[str, Any]
) -> PatientContact:
    require(actor, Action.CHANGE, Resource.CONTACTS)
    for name, value in _checked(fields, PERSON_FIELDS).items():
        setattr(person, name, value)
    _check_person(person)
    person.save()
    return person


@transaction.atomic
def remove_person(person: PatientContact, *, actor: User) -> str:
    """Take somebody away from a patient; answers the token that brings them back."""
    require(actor, Action.CHANGE, Resource.CONTACTS)
    kept = {name: getattr(person, name) for name in PERSON_FIELDS if name != "contact"}
    token = signing.dumps(
        {
            **kept,
            "id": str(person.pk),
            "patient_id": str(person.patient_id),
            "contact_id": str(person.contact_id) if person.contact_id else None,
            "extra": person.extra,
        },
        salt=_SALT,
        compress=True,
    )
    person.delete()
    return token


@transaction.atomic
def bring_person_back(patient: Patient, *, actor: User, token: str) -> PatientContact:
    """Undo a removal from this patient; raises UndoTooLateError."""
    require(actor, Action.CHANGE, Resource.CONTACTS)
    try:
        kept = signing.loads(token, salt=_SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature:
        raise UndoTooLateError("That is too long ago to be undone. Add the person again.") from None
    if kept["patient_id"] != str(patient.pk):
        raise UndoTooLateError("That was another patient's. Open their record.")
    if kept["contact_id"] and not Contact.objects.filter(pk=kept["contact_id"]).exists():
        kept["contact_id"] = None
    person, _ = PatientContact.objects.get_or_create(pk=kept.pop("id"), defaults=kept)
    return person


def _set_active(contact: Contact, *, actor: User, at: datetime, is_active: bool) -> Contact:
    require(actor, Action.CHANGE, Resource.CONTACTS)
    contact.is_active, contact.changed_at = is_active, at
    Contact.objects.filter(pk=contact.pk).update(is_active=is_active, changed_at=at)
    return contact


def _checked(fields: Mapping[str, Any], allowed: tuple[str, ...]) -> dict[str, Any]:
    unknown = set(fields) - set(allowed)
    if unknown:
        raise TypeError(f"Not a field that people set: {', '.join(sorted(unknown))}")
    return {
        name: value.strip() if isinstance(value, str) else value for name, value in fields.items()
    }


def _check_contact(contact: Contact) -> None:
    if not any((contact.name, contact.given_names, contact.family_name, contact.organisation)):
        raise NamelessContactError("Give the contact a name or an organisation.")


def _check_person(person: PatientContact) -> None:
    if not person.name and person.contact is None:
        raise NamelessContactError("Give a name, or choose somebody from the address book.")
