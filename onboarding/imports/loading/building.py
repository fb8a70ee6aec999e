"""A read record as the rows it becomes, or the reason why it becomes none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from clinical.appointments.models import Status
from clinical.patients.contacts import normalise_contact
from clinical.patients.identifiers import normalise_identifier
from clinical.patients.models import ContactPoint
from clinical.practice.models import DEFAULT_COLOUR
from onboarding.imports.loading.reading import IDENTIFIER_KINDS, Noted
from onboarding.imports.targets import (
    APPOINTMENT,
    APPOINTMENT_TYPE,
    ENTITIES,
    FUNDING_TYPE,
    LOCATION,
    PATIENT,
    PRACTITIONER,
)
from onboarding.imports.values.dates import at_wall_clock
from onboarding.imports.values.issues import Issue
from onboarding.imports.values.text import folded, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from onboarding.imports.loading.reading import ReadRecord, Value
    from onboarding.imports.loading.references import References
    from onboarding.imports.mapping import Options

Columns = dict[str, Any]
PHONES = ("mobile", "home_phone", "work_phone", "phone")
PLACES = ("home", "postal", "other")
PARTS = ("lines", "suburb", "state", "postcode", "country")
TEST_NAMES = frozenset("test testing tester dummy xxx xx asdf qwerty muster sample".split())
DAY_START = time(0, 0)


@dataclass(frozen=True, slots=True)
class Built:
    """Column values of the row (ids of others as text), and of the rows that hang on it."""

    main: Columns
    children: dict[str, list[Columns]] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """`skipped`: there is nothing in it. `quarantined`: something is missing that must be there."""

    outcome: str
    reason: str


@dataclass(frozen=True)
class Workshop:
    """What building needs besides the record."""

    references: References
    options: Options
    now: datetime


BLANK = Refused("skipped", "A blank record: nothing is in it.")


def build_patient(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build a patient with ways to reach them, addresses and numbers."""
    main = _patient_names(record)
    named = main["given_names"] or main["family_name"] or main["preferred_name"]
    children = {
        "contact": _contact_points(record),
        "address": _addresses(record),
        "identifier": _identifiers(record),
    }
    if not named:
        if not (children["contact"] or children["address"] or record.has("date_of_birth", "notes")):
            return Refused("skipped", "A blank record: only numbers and stamps are in it.")
        return Refused("quarantined", "No name: a patient needs at least one.")
    if {main["given_names"].casefold(), main["family_name"].casefold()} & TEST_NAMES:
        record.note("family_name", Issue("likely_test", "Looks like a test record."))
    main |= {
        "date_of_birth": _iso(record.first("date_of_birth")),
        "sex": record.text("sex"),
        "gender": record.text("gender"),
        "pronouns": record.text("pronouns"),
        "location_id": _reference(record, shop, "location", LOCATION),
        "funding_type_id": _reference(record, shop, "funding_type", FUNDING_TYPE),
        "coordinator_name": record.text("coordinator_name"),
        "plan_start": _iso(record.first("plan_start")),
        "plan_end": _iso(record.first("plan_end")),
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


def build_appointment(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build an appointment; without a date or a patient it is set aside."""
    if not record.has("date", "starts_at", "patient", "start_time", "notes"):
        return Refused("skipped", "A blank record: only numbers and stamps are in it.")
    day, clock = record.first("starts_at") or (record.first("date"), None)
    if day is None:
        why = next((i.message for i in record.issues if i.code.startswith("date_")), "")
        return Refused("quarantined", f"No valid date. {why}".strip())
    patient = shop.references.patient(record)
    if isinstance(patient, str):
        return Refused("quarantined", patient)
    location = _reference(record, shop, "location", LOCATION)
    practitioner = _reference(record, shop, "practitioner", PRACTITIONER)
    kind = _reference(record, shop, "appointment_type", APPOINTMENT_TYPE)
    zone = ZoneInfo(shop.references.zone_of(location) or shop.options.time_zone)
    if clock is None:
        clock = record.first("start_time")
    if clock is None:
        record.note("date", Issue("no_time", "No start time: put at the start of the day."))
    starts_at = _moment(record, day, clock or DAY_START, zone, "start_time")
    ends_at = _ends_at(record, shop, starts_at, day=day, zone=zone, kind=kind)
    status = record.text("status") or _status_by_time(starts_at, shop.now)
    main = {
        "patient_id": str(patient),
        "location_id": location,
        "practitioner_id": practitioner,
        "appointment_type_id": kind,
        "starts_at": starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
        "status": status,
        "cancel_reason": record.text("cancel_reason"),
        "notes": record.joined("notes"),
        "source_note": " ".join(
            dict.fromkeys(i.message for i in record.issues if not i.code.startswith("no_"))
        ),
        "extra": record.extra,
    }
    return Built(main)


def _status_by_time(starts_at: datetime, now: datetime) -> str:
    """What a visit without a status most likely was: one that is over took place."""
    return str(Status.BOOKED if starts_at > now else Status.COMPLETED)


def _moment(record: ReadRecord, day: Any, clock: time, zone: ZoneInfo, target: str) -> datetime:
    reading = at_wall_clock(day, clock, zone)
    for issue in reading.issues:
        record.note(target, issue)
    assert reading.value is not None  # noqa: S101 - a wall clock always has a point in time
    return reading.value.at


def _ends_at(
    record: ReadRecord,
    shop: Workshop,
    starts_at: datetime,
    *,
    day: Any,
    zone: ZoneInfo,
    kind: str | None,
) -> datetime:
    end_day, end_clock = record.first("ends_at") or (day, None)
    target = "ends_at" if end_clock else "end_time"
    end_clock = end_clock or record.first("end_time")
    if end_clock is not None:
        ends_at = _moment(record, end_day, end_clock, zone, target)
        if ends_at > starts_at:
            return ends_at
        record.note(
            target, Issue("ends_early", "Ended before it began: the usual length is taken.")
        )
        _keep_text(record, target, end_clock)
    minutes = record.first("duration")
    if minutes is None:
        minutes = shop.references.minutes_of(kind) or shop.options.default_minutes
        if end_clock is None:
            record.note("date", Issue("no_end", "No end: the usual length is taken."))
    return starts_at + timedelta(minutes=minutes)


def _keep_text(record: ReadRecord, target: str, value: Any) -> None:
    found = record.values.get(target)
    if found:
        record.extra.setdefault(found[0].label, str(value))


def build_location(record: ReadRecord, shop: Workshop) -> Built | Refused:  # noqa: ARG001
    name = record.text("name") or record.text("short_name")
    if not name:
        return Refused("quarantined", "No name.")
    main = {
        "name": name,
        "short_name": record.text("short_name"),
        "phone": record.text("phone"),
        "address": _address_text(record),
    }
    return Built(main | _shown(record), name=name)


def _address_text(record: ReadRecord) -> str:
    """Street lines as they are; what follows (suburb, state, postcode) on one line."""
    parts = [value.value for value in record.values.get("address", ())]
    if not parts:
        return ""
    return "\n".join(filter(None, [parts[0], " ".join(one_line(part) for part in parts[1:])]))


def build_practitioner(record: ReadRecord, shop: Workshop) -> Built | Refused:  # noqa: ARG001
    parts = " ".join(filter(None, [record.text("given_names"), record.text("family_name")]))
    name = parts or record.text("name")
    if not name:
        return Refused("quarantined", "No name.")
    title = record.text("title")
    titled = f"{title} {name}" if folded(title) in {"dr", "prof", "professor"} else name
    main = {"name": titled, "discipline": record.text("discipline")}
    return Built(main | _shown(record), name=titled)


def build_appointment_type(record: ReadRecord, shop: Workshop) -> Built | Refused:
    name = record.text("name")
    if not name:
        return Refused("quarantined", "No name.")
    minutes = record.first("duration_minutes") or shop.options.default_minutes
    return Built({"name": name, "duration_minutes": minutes, **_shown(record)}, name=name)


def build_funding_type(record: ReadRecord, shop: Workshop) -> Built | Refused:  # noqa: ARG001
    name = record.text("name")
    if not name:
        return Refused("quarantined", "No name.")
    return Built({"name": name, "is_active": record.first("is_active") is not False}, name=name)


def _shown(record: ReadRecord) -> Columns:
    return {
        "colour": record.text("colour") or DEFAULT_COLOUR,
        "is_active": record.first("is_active") is not False,
    }


def _reference(record: ReadRecord, shop: Workshop, target: str, entity: str) -> str | None:
    found = record.values.get(target)
    if not found:
        field_id = shop.references.expected.get(target)
        if field_id is not None:
            label = ENTITIES[entity].label.lower()
            record.issues.append(Noted(field_id, f"no_{target}", f"No {label} is given."))
        return None
    return shop.references.resolve(entity, found[0], record)


def _iso(day: Any) -> str | None:
    return day.isoformat() if day is not None else None


BUILDERS: Mapping[str, Callable[[ReadRecord, Workshop], Built | Refused]] = {
    LOCATION: build_location,
    PRACTITIONER: build_practitioner,
    APPOINTMENT_TYPE: build_appointment_type,
    FUNDING_TYPE: build_funding_type,
    PATIENT: build_patient,
    APPOINTMENT: build_appointment,
}
