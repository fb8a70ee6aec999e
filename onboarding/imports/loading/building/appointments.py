"""An appointment."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from clinical.appointments.models import Status
from onboarding.imports.loading.building.base import (
    STAMPS_ONLY,
    Built,
    Refused,
    at_clock,
    notes_on,
    reference,
)
from onboarding.imports.targets import APPOINTMENT_TYPE, LOCATION, PRACTITIONER
from onboarding.imports.values.issues import Issue

if TYPE_CHECKING:
    from onboarding.imports.loading.building.base import Workshop
    from onboarding.imports.loading.reading import ReadRecord

DAY_START = time(0, 0)


def build_appointment(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build an appointment; without a date or a patient it is set aside."""
    if not record.has("date", "starts_at", "patient", "start_time", "notes"):
        return STAMPS_ONLY
    day, clock = record.first("starts_at") or (record.first("date"), None)
    if day is None:
        why = next((i.message for i in record.issues if i.code.startswith("date_")), "")
        return Refused("quarantined", f"No valid date. {why}".strip())
    patient = shop.references.patient(record)
    if isinstance(patient, str):
        return Refused("quarantined", patient)
    location = reference(record, shop, "location", LOCATION)
    practitioner = reference(record, shop, "practitioner", PRACTITIONER)
    kind = reference(record, shop, "appointment_type", APPOINTMENT_TYPE)
    zone = ZoneInfo(shop.references.zone_of(location) or shop.options.time_zone)
    if clock is None:
        clock = record.first("start_time")
    if clock is None:
        record.note("date", Issue("no_time", "No start time: put at the start of the day."))
    starts_at = at_clock(record, day, clock or DAY_START, zone, "start_time")
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
        "source_note": notes_on(record),
        "extra": record.extra,
    }
    return Built(main)


def _status_by_time(starts_at: datetime, now: datetime) -> str:
    """What a visit without a status most likely was: one that is over took place."""
    return str(Status.BOOKED if starts_at > now else Status.COMPLETED)


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
        ends_at = at_clock(record, end_day, end_clock, zone, target)
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
