"""A patient, with ways to reach them, addresses, numbers, and the people around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clinical.patients.contacts import normalise_contact
from clinical.patients.identifiers import normalise_identifier
from clinical.patients.models import ContactPoint
from onboarding.imports.loading.building.base import (
    STAMPS_ONLY,
    Built,
    Refused,
    iso,
    reference,
)
from onboarding.imports.loading.building.people import relations_of
from onboarding.imports.loading.reading import IDENTIFIER_KINDS
from onboarding.imports.targets import FUNDING_TYPE, LOCATION
from onboarding.imports.values.issues import Issue

if TYPE_CHECKING:
    from onboarding.imports.loading.building.base import Columns, Workshop
    from onboarding.imports.loading.reading import ReadRecord, Value

PHONES = ("mobile", "home_phone", "work_phone", "phone")
PLACES = ("home", "postal", "other")
PARTS = ("lines", "suburb", "state", "postcode", "country")
TEST_NAMES = frozenset("test testing tester dummy xxx xx asdf qwerty muster sample".split())


def build_patient(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build a patient with ways to reach them, addresses and numbers."""
    main = _patient_names(record)
    named = main["given_names"] or main["family_name"] or main["preferred_name"]
    children = {
        "contact": _contact_points(record),
        "address": _addresses(record),
        "identifier": _identifiers(record),
        "relation": relations_of(record, shop),
    }
    if not named:
        if not (children["contact"] or children["address"] or record.has("date_of_birth", "notes")):
            return STAMPS_ONLY
        return Refused("quarantined", "No name: a patient needs at least one.")
    if {main["given_names"].casefold(), main["family_name"].casefold()} & TEST_NAMES:
        record.note("family_name", Issue("likely_test", "Looks like a test record."))
    main |= {
        "date_of_birth": iso(record.first("date_of_birth")),
        "sex": record.text("sex"),
        "gender": record.text("gender"),
        "pronouns": record.text("pronouns"),
        "location_id": reference(record, shop, "location", LOCATION),
        "funding_type_id": reference(record, shop, "funding_type", FUNDING_TYPE),
        "coordinator_name": record.text("coordinator_name"),
        "coordinator_since": iso(record.first("coordinator_since")),
        "plan_start": iso(record.first("plan_start")),
        "plan_end": iso(record.first("plan_end")),
        "alerts": record.joined("alerts"),
        "notes": record.joined("notes"),
        "xero_contact_id": record.text("xero_contact_id"),
        "is_archived": _is_archived(record),
        "extra": record.extra,
    }
    return Built(main, children)


def _patient_names(record: ReadRecord) -> Columns:
    whole = record.first("full_name")
    given, family = record.text("given_names"), record.text("family_name")
    middle, title = record.text("middle_names"), record.text("title")
    if whole is not None and not given and not family:
        given, family = whole.given, whole.family
        middle, title = middle or whole.middle, title or whole.title
    return {
        "title": title,
        "given_names": " ".join(filter(None, [given, middle])),
        "family_name": family,
        "preferred_name": record.text("preferred_name"),
        "former_names": record.joined("former_names", ", "),
    }


def _is_archived(record: ReadRecord) -> bool:
    if record.has("is_active"):
        return not record.first("is_active")
    return bool(record.first("is_archived"))


def _contact_points(record: ReadRecord) -> list[Columns]:
    rows: dict[tuple[str, str], Columns] = {}

    def add(kind: str, value: str, label: str) -> None:
        normalised = normalise_contact(kind, value)
        rows.setdefault(
            (kind, normalised),
            {"kind": str(kind), "value": value, "normalised": normalised, "label": label},
        )

    for target, found in record.all(*PHONES):
        for phone in found.value:
            add(_phone_kind(target, phone.kind), phone.value, _phone_label(target, found, phone))
    several = len(record.values.get("email", ())) > 1
    for _, found in record.all("email"):
        for address in found.value:
            add(ContactPoint.Kind.EMAIL, address, found.label if several else "")
    return list(rows.values())


def _phone_kind(target: str, number: str) -> str:
    """What the number itself shows goes before the field it stood in: messages go to mobiles."""
    kinds = ContactPoint.Kind
    if number == "mobile":
        return kinds.WORK if target == "work_phone" else kinds.MOBILE
    if target == "mobile":
        return kinds.HOME if number == "landline" else kinds.MOBILE
    return kinds.WORK if target == "work_phone" else kinds.HOME


def _phone_label(target: str, found: Value, phone: Any) -> str:
    expected = {"mobile": "mobile", "home_phone": "landline"}.get(target)
    moved = expected is not None and phone.kind not in {expected, "other"}
    return ", ".join(filter(None, [phone.note, found.label if moved else ""]))


def _addresses(record: ReadRecord) -> list[Columns]:
    rows = []
    for kind in PLACES:
        row = {
            part: record.joined(f"{kind}_{part}")
            if part == "lines"
            else record.text(f"{kind}_{part}")
            for part in PARTS
        }
        if any(row.values()):
            rows.append({"kind": kind, **row})
    return rows


def _identifiers(record: ReadRecord) -> list[Columns]:
    rows: dict[tuple[str, str], Columns] = {}
    for target, found in record.all(*IDENTIFIER_KINDS):
        number, valid = found.value
        kind, normalised = str(IDENTIFIER_KINDS[target]), normalise_identifier(number)
        label = found.label if target == "other_number" else ""
        rows.setdefault(
            (kind, normalised),
            {
                "kind": kind,
                "value": number,
                "normalised": normalised,
                "is_valid": valid,
                "label": label,
            },
        )
    return list(rows.values())
