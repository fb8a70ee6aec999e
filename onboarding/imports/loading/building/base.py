"""What building a row needs and answers, and what every kind of record is built with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from onboarding.imports.loading.reading import Noted
from onboarding.imports.targets import APPOINTMENT, ENTITIES, PATIENT, PRACTITIONER
from onboarding.imports.values.dates import at_wall_clock
from onboarding.imports.values.issues import Issue

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from datetime import date, datetime

    from onboarding.imports.loading.batches import Batches
    from onboarding.imports.loading.reading import ReadRecord, Value
    from onboarding.imports.loading.references import References
    from onboarding.imports.mapping import Options

Columns = dict[str, Any]
NOON = time(12)


@dataclass(frozen=True, slots=True)
class FileCell:
    """The container cell a document's file is in."""

    field_id: int
    cell: str


@dataclass(frozen=True, slots=True)
class Built:
    """Column values of the row (ids of others as text), and of the rows that hang on it.

    `at_first` are columns that only a new row takes: later they are the clinic's own.
    """

    main: Columns
    children: dict[str, list[Columns]] = field(default_factory=dict)
    name: str = ""
    file: FileCell | None = None
    at_first: Columns = field(default_factory=dict)


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
    batches: Batches

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.options.time_zone)


BLANK = Refused("skipped", "A blank record: nothing is in it.")
STAMPS_ONLY = Refused("skipped", "A blank record: only numbers and stamps are in it.")


def reference(record: ReadRecord, shop: Workshop, target: str, entity: str) -> str | None:
    """Answer the id that a field refers to; what is missing is noted, what is unknown kept."""
    found = record.values.get(target)
    if not found:
        field_id = shop.references.expected.get(target)
        if field_id is not None:
            label = ENTITIES[entity].label.lower()
            record.issues.append(Noted(field_id, f"no_{target}", f"No {label} is given."))
        return None
    return shop.references.resolve(entity, found[0], record)


def known(record: ReadRecord, shop: Workshop, target: str, entity: str) -> str | None:
    """Answer the id of the one row a field refers to; nothing is made, what is unknown kept."""
    found = record.values.get(target)
    if not found:
        return None
    ids = shop.references.find(entity, found[0])
    if len(ids) == 1:
        return str(ids[0])
    label = ENTITIES[entity].label.lower()
    what = f"Several {label}s have that number or name." if ids else f"A {label} that is not here."
    record.note(target, Issue(f"{'two' if ids else 'unknown'}_{target}", what))
    record.extra.setdefault(found[0].label, str(found[0].value))
    return None


def patient_of(record: ReadRecord, shop: Workshop, appointment: str | None) -> uuid.UUID | str:
    """Answer the patient a record is of, by its own field or its appointment, or why there is none."""
    if not record.has(PATIENT) and appointment:
        patient = shop.references.patient_of(appointment)
        if patient is not None:
            return patient
    return shop.references.patient(record)


def appointment_of(record: ReadRecord, shop: Workshop) -> str | None:
    return known(record, shop, APPOINTMENT, APPOINTMENT)


def practitioner_of(record: ReadRecord, shop: Workshop) -> tuple[str | None, str]:
    """Answer the clinician's id, and the name where only that is known."""
    found = record.values.get(PRACTITIONER)
    if not found:
        return None, ""
    practitioner = known(record, shop, PRACTITIONER, PRACTITIONER)
    name = "" if practitioner or not any(c.isalpha() for c in found[0].value) else found[0].value
    return practitioner, name


def moment_of(record: ReadRecord, shop: Workshop, name: str) -> datetime | None:
    """Answer the point in time of `{name}_on` and `{name}_time`, or of `{name}_at`.

    A date that somebody entered goes before a stamp; a stamp of the same day adds its time.
    """
    day, target = record.first(f"{name}_on"), f"{name}_on"
    stamped, clock = record.first(f"{name}_at") or (None, None)
    if day is None:
        day, target = stamped, f"{name}_at"
    elif stamped != day:
        clock = None
    if day is None:
        return None
    return at_clock(record, day, record.first(f"{name}_time") or clock, shop.zone, target)


def at_clock(
    record: ReadRecord, day: date, clock: time | None, zone: ZoneInfo, target: str
) -> datetime:
    """Put a wall clock into the zone; without one, noon: a day that stays that day anywhere near."""
    reading = at_wall_clock(day, clock or NOON, zone)
    for issue in reading.issues:
        record.note(target, issue)
    assert reading.value is not None  # noqa: S101 - a wall clock always has a point in time
    return reading.value.at


def notes_on(record: ReadRecord) -> str:
    """What was noticed about the record, in words that are kept with its row."""
    return " ".join(dict.fromkeys(i.message for i in record.issues if not i.code.startswith("no_")))


def rows_of(record: ReadRecord, targets: Sequence[str]) -> list[dict[str, Value]]:
    """Zip targets that stand in parallel: by their place among the fields, then by repetition.

    “Contact 1”, “Contact 2” beside “Phone 1”, “Phone 2” are two people, and so are two repetitions.
    """
    rows: dict[tuple[int, int], dict[str, Value]] = {}
    for target in targets:
        fields: list[int] = []
        for value in record.values.get(target, ()):
            if value.rule.field_id not in fields:
                fields.append(value.rule.field_id)
            place = (fields.index(value.rule.field_id), value.repetition)
            rows.setdefault(place, {})[target] = value
    return [rows[place] for place in sorted(rows)]


def iso(day: Any) -> str | None:
    return day.isoformat() if day is not None else None
