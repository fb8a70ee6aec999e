"""The demo clinic's diary: three years back, eight weeks ahead, full around today."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from onboarding.filemaker.demo_clinic.facts import DemoClinicFacts
from onboarding.filemaker.demo_clinic.patients import PatientPlan
from onboarding.filemaker.demo_clinic.staff import CLINICIANS, TYPES, AppointmentType, Clinician
from onboarding.filemaker.demo_clinic.written import (
    record_ids,
    stamps,
    written_date,
    written_time,
)
from onboarding.filemaker.fmp.writer import Record
from onboarding.filemaker.fmp.writer.writer import Cell, Value

FIRST_ID: Final = 5_001
ORPHAN_FROM: Final = 9_000_001
"""Patient keys from here on belong to nobody."""

_DAYS_BACK, _DAYS_AHEAD = 3 * 365, 56
_FIRST_MINUTE, _LAST_MINUTE = 8 * 60 + 30, 17 * 60 + 30
_STEP = 15
_SHORT, _LONG = 30, 60
_SATURDAY = 5

_REMARKS = (
    *("running late", "bring hoist", "reports due", "mum to attend", "rebook in 2/52", "no charge"),
    *("Gate code 4471#", "prefers a.m.", "parking at rear\rring bell", "TBC – coordinator to call"),
)


@dataclass(frozen=True, slots=True)
class _Slot:
    day: date
    start: int
    """Minutes since midnight."""

    clinician: Clinician
    type: AppointmentType


class _Plan:
    """Which appointment, by its place from 0, has which defect."""

    def __init__(self, facts: DemoClinicFacts) -> None:
        rng = facts.chance("plan of appointments")
        self.blank = set(rng.sample(range(facts.appointments), facts.blank_appointments))
        filled = [n for n in range(facts.appointments) if n not in self.blank]
        rng.shuffle(filled)
        draw = iter(filled)
        unassigned = facts.appointments_without_clinician_and_type
        self.unassigned = {next(draw) for _ in range(unassigned)}
        self.orphans = {next(draw) for _ in range(facts.orphan_appointments)}
        self.names_as_keys = {next(draw) for _ in range(facts.clinician_names_as_keys)}
        self.unreadable = {next(draw) for _ in range(facts.appointments_with_unreadable_date)}
        self.reversed = {next(draw) for _ in range(facts.appointments_ending_before_start)}
        self.no_clinic = set(rng.sample(filled, facts.appointments_without_clinic))


def appointment_records(facts: DemoClinicFacts, patients: PatientPlan) -> Iterator[Record]:
    """Yield the appointments day by day.

    At factors up to about 2 nobody is booked twice at a time; beyond, days overflow.
    """
    rng = facts.chance("appointments")
    plan = _Plan(facts)
    ids = record_ids(rng)
    slots = _slots(rng, facts)
    for n, slot in enumerate(slots):
        record_id = next(ids)
        if n in plan.blank:
            yield Record(record_id, {})
            continue
        orphan = str(ORPHAN_FROM + n) if n in plan.orphans else ""
        cells = _cells(rng, n, slot, facts.today, plan)
        cells["Patient ID"] = orphan or patients.random_id(rng)
        yield Record(record_id, cells, rng.randrange(12))


def _cells(rng: Random, n: int, slot: _Slot, today: date, plan: _Plan) -> dict[Cell, Value]:
    status = _status(rng, slot, today)
    end = slot.start + slot.type.minutes
    start, end = (end, slot.start) if n in plan.reversed else (slot.start, end)
    assigned = n not in plan.unassigned
    by_name = n in plan.names_as_keys
    cells: dict[Cell, Value] = {
        "ID_Appointment": str(FIRST_ID + n),
        "Clinic ID": "" if n in plan.no_clinic else str(slot.clinician.id),
        "Date": "?" if n in plan.unreadable else written_date(slot.day),
        "Start Time": written_time(start),
        "End Time": written_time(end),
        "Status": status,
    }
    if assigned:
        cells["Clinician ID"] = slot.clinician.shown if by_name else str(slot.clinician.id)
        cells["Type"] = slot.type.name
        cells["Fee"] = slot.type.fee
    if status == "Completed" and rng.random() < 0.9:  # noqa: PLR2004 - most are invoiced
        cells["Invoice No"] = f"INV-{n:06}"
    if rng.random() < 0.2:  # noqa: PLR2004 - the share with a remark
        cells["Notes"] = rng.choice(_REMARKS)
    if rng.random() < 0.1:  # noqa: PLR2004 - left over from the old building
        cells["zz_Room_old"] = f"R{rng.randrange(1, 6)}"
    booked = slot.day - timedelta(days=rng.randrange(1, 70))
    cells.update(stamps(rng, booked, today))
    return cells


def _status(rng: Random, slot: _Slot, today: date) -> str:
    if slot.day > today:
        return rng.choices(("Booked", "Confirmed", "Cancelled"), (80, 14, 6))[0]
    if slot.day < today:
        return rng.choices(("Completed", "DNA", "Cancelled", "Booked"), (83, 6, 9, 2))[0]
    if slot.start < 11 * 60:
        return rng.choices(("Completed", "DNA", "Cancelled"), (84, 8, 8))[0]
    return "Arrived" if slot.start < 12 * 60 else rng.choice(("Booked", "Confirmed"))


def _slots(rng: Random, facts: DemoClinicFacts) -> Iterator[_Slot]:
    weights = [type_.weight for type_ in TYPES]
    for day, many in _days(facts.today, facts.appointments):
        # Unbooked time is shared out between the bookings, so that a day looks like one.
        load = -(-many // len(CLINICIANS))
        spare = max(0, (_LAST_MINUTE - _FIRST_MINUTE - load * _LONG) // max(1, load))
        free_from = [_FIRST_MINUTE] * len(CLINICIANS)
        first = rng.randrange(len(CLINICIANS))
        for nth in range(many):
            whose = (first + nth) % len(CLINICIANS)
            type_ = rng.choices(TYPES, weights)[0]
            start = free_from[whose] + rng.randrange(0, spare + 1, _STEP)
            if start + type_.minutes > _LAST_MINUTE:
                start = _FIRST_MINUTE + rng.randrange(0, 480, _STEP)
            free_from[whose] = start + type_.minutes
            yield _Slot(day, start, CLINICIANS[whose], type_)


def _days(today: date, appointments: int) -> Iterator[tuple[date, int]]:
    """Yield each weekday with its number of appointments; the numbers add up exactly.

    The clinic grows over the years, is busiest in the two weeks around today, and its diary
    thins out ahead. A today on a weekend is busy too, so that the day list is never empty.
    """
    weighted: list[tuple[date, float]] = []
    for offset in range(-_DAYS_BACK, _DAYS_AHEAD + 1):
        day = today + timedelta(days=offset)
        if day.weekday() >= _SATURDAY and offset:
            continue
        if abs(offset) <= 14:  # noqa: PLR2004 - the two weeks on either side
            weight = 2.4
        elif offset < 0:
            weight = 0.5 + 0.6 * (offset + _DAYS_BACK) / _DAYS_BACK
        else:
            weight = 1.2 - offset / _DAYS_AHEAD
        weighted.append((day, weight))
    total = sum(weight for _, weight in weighted)
    reached, given = 0.0, 0
    for day, weight in weighted:
        reached += weight
        many = round(reached / total * appointments) - given
        given += many
        yield day, many
