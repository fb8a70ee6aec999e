"""The address book, the people around a patient, and lists of telephone numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.contacts.models import Contact
from clinical.patients.contacts import normalise_contact
from clinical.patients.models import ContactPoint
from onboarding.imports.loading.building.base import (
    STAMPS_ONLY,
    Built,
    Refused,
    known,
    patient_of,
    rows_of,
)
from onboarding.imports.targets import REFERRER
from onboarding.imports.targets.relations import RELATIONS
from onboarding.imports.values.contacts import find_emails, find_phones
from onboarding.imports.values.text import one_line

if TYPE_CHECKING:
    from onboarding.imports.loading.building.base import Columns, Workshop
    from onboarding.imports.loading.reading import ReadRecord, Value
    from onboarding.imports.targets.relations import Relation

_PARTS = ("name", "relationship", "phone", "email", "notes", "kind")


def build_referrer(record: ReadRecord, shop: Workshop) -> Built | Refused:  # noqa: ARG001
    """Build an entry of the address book; it needs a name of a person or of a practice."""
    given, family = record.text("given_names"), record.text("family_name")
    whole, organisation = record.text("name"), record.text("organisation")
    if not (given or family or whole or organisation):
        if record.has("phone", "mobile", "email", "address", "notes"):
            return Refused("quarantined", "No name of a person or a practice.")
        return STAMPS_ONLY
    address = [value.value for value in record.values.get("address", ())]
    main = {
        "name": "" if given or family else whole,
        "title": record.text("title"),
        "given_names": given,
        "family_name": family,
        "organisation": organisation,
        "kind": record.text("kind") or str(Contact.Kind.REFERRER),
        "specialty": record.text("specialty"),
        "provider_number": record.text("provider_number"),
        "phone": record.joined("phone", ", "),
        "mobile": record.joined("mobile", ", "),
        "fax": record.text("fax"),
        "email": record.joined("email", ", "),
        "address": _address_text(address),
        "notes": record.joined("notes"),
        "is_active": record.first("is_active") is not False,
        "extra": record.extra,
    }
    return Built(main, name=f"{given} {family}".strip() or whole or organisation)


def _address_text(parts: list[str]) -> str:
    if not parts:
        return ""
    return "\n".join(filter(None, [parts[0], " ".join(one_line(part) for part in parts[1:])]))


def relations_of(record: ReadRecord, shop: Workshop) -> list[Columns]:
    """Build the people around a patient from the patient's own fields."""
    rows = []
    for relation in RELATIONS:
        targets = [f"{relation.prefix}_{part}" for part in _PARTS]
        if relation.prefix == "coordinator":
            targets.remove("coordinator_name")  # the patient's own field
        for found in rows_of(record, targets):
            row = _relation(record, shop, relation, found)
            if row is not None:
                rows.append(row)
    return rows


def _relation(
    record: ReadRecord, shop: Workshop, relation: Relation, found: dict[str, Value]
) -> Columns | None:
    def text(part: str) -> str:
        value = found.get(f"{relation.prefix}_{part}")
        return str(value.value) if value else ""

    name, contact = text("name"), None
    if relation.prefix == "coordinator":
        name = record.text("coordinator_name")
    elif relation.is_reference and name:
        value = found[f"{relation.prefix}_name"]
        ids = shop.references.find(REFERRER, value)
        contact = str(ids[0]) if len(ids) == 1 else None
        if contact is not None:
            name = shop.references.name_of_referrer(ids[0]) or name
        elif not any(c.isalpha() for c in name):
            known(record, shop, f"{relation.prefix}_name", REFERRER)  # says that it is unknown
            name = ""
    row = {
        "kind": text("kind") or relation.kind,
        "contact_id": contact,
        "name": name,
        "relationship": text("relationship"),
        "phone": text("phone"),
        "email": text("email"),
        "notes": text("notes"),
    }
    said = ("name", "contact_id", "phone", "email", "notes", "relationship")
    return row if any(row[part] for part in said) else None


def build_patient_contact(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build a person around a patient from a table of such people."""
    parts = " ".join(filter(None, [record.text("given_names"), record.text("family_name")]))
    name = parts or record.text("name")
    if not name and not record.has("contact", "phone", "email", "notes"):
        return STAMPS_ONLY
    patient = patient_of(record, shop, None)
    if isinstance(patient, str):
        return Refused("quarantined", patient)
    contact = known(record, shop, "contact", REFERRER)
    if contact and not name:
        name = shop.references.name_of_referrer(contact)
    main = {
        "patient_id": str(patient),
        "contact_id": contact,
        "kind": record.text("kind") or "other",
        "name": name,
        "relationship": record.text("relationship"),
        "phone": record.joined("phone", ", "),
        "email": record.joined("email", ", "),
        "notes": record.joined("notes"),
        "extra": record.extra,
    }
    return Built(main)


def build_contact_point(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build one number or mail address of a patient from a table of them."""
    typed = record.text("phone")
    if not typed:
        return STAMPS_ONLY
    patient = patient_of(record, shop, None)
    if isinstance(patient, str):
        return Refused("quarantined", patient)
    emails = find_emails(typed).value if "@" in typed else None
    phones = None if emails else find_phones(typed).value
    value = emails[0] if emails else phones[0].value if phones and len(phones) == 1 else typed
    kind = _point_kind(record, is_email=bool(emails), number=phones[0].kind if phones else "")
    note = phones[0].note if phones and len(phones) == 1 else ""
    labels = (record.text("label"), note, *_remarks(record))
    main = {
        "patient_id": str(patient),
        "kind": kind,
        "value": value,
        "normalised": normalise_contact(kind, value),
        "label": ", ".join(dict.fromkeys(filter(None, map(one_line, labels)))),
    }
    return Built(main)


def _remarks(record: ReadRecord) -> list[str]:
    """What else the record says in words: a number has no other place for it."""
    understood = {value.label for value in record.values.get("kind", ())}
    return [
        text
        for label, text in record.extra.items()
        if label not in understood and not text.isdigit()
    ]


def _point_kind(record: ReadRecord, *, is_email: bool, number: str) -> str:
    kinds = ContactPoint.Kind
    if is_email:
        return str(kinds.EMAIL)
    said = record.text("kind")
    if number == "mobile":
        return str(kinds.WORK if said == kinds.WORK else kinds.MOBILE)
    if said and said != kinds.EMAIL:
        return str(kinds.HOME if said == kinds.MOBILE and number == "landline" else said)
    return str(kinds.HOME if number == "landline" else kinds.OTHER)
