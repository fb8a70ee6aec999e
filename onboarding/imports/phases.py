"""The phases of a load, numbered and named. Their order is that of the foreign keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

VALIDATION, CONFIGURATION, CLEARING, PATIENTS, APPOINTMENTS = 0, 1, 2, 3, 4
CORRESPONDENCE, DOCUMENTS, IMAGES, RECONCILIATION = 5, 6, 7, 8

NAMES: Mapping[int, str] = {
    VALIDATION: "Validation",
    CONFIGURATION: "Configuration",
    CLEARING: "Existing records",
    PATIENTS: "Patients and contacts",
    APPOINTMENTS: "Appointments",
    CORRESPONDENCE: "Notes, letters, reminders, messages, invoices",
    DOCUMENTS: "Documents",
    IMAGES: "Image batches and images",
    RECONCILIATION: "Reconciliation and checks",
}

_PHASE_OF: Mapping[str, int] = {
    "location": CONFIGURATION,
    "practitioner": CONFIGURATION,
    "appointment_type": CONFIGURATION,
    "funding_type": CONFIGURATION,
    "patient": PATIENTS,
    "referrer": PATIENTS,
    "patient_contact": PATIENTS,
    "contact_point": PATIENTS,
    "appointment": APPOINTMENTS,
    "document": DOCUMENTS,
    "image_batch": IMAGES,
    "image": IMAGES,
}


def phase_of(entity: str) -> int:
    """Answer the phase in which records of this kind are loaded."""
    return _PHASE_OF.get(entity, CORRESPONDENCE)


@dataclass(frozen=True)
class ShownPhase:
    """One phase as the page shows it; `state` is done, running, waiting or stopped."""

    number: int
    name: str
    state: str
    records: int = 0
    errors: int = 0
    seconds: float = 0
    lines: Sequence[Mapping[str, Any]] = ()


def shown_phases(
    lines: Sequence[Mapping[str, Any]], *, at_work: bool, stopped: bool = False
) -> list[ShownPhase]:
    """Answer all phases with what the log has of each; the last one begun is running or stopped."""
    begun = [line["number"] for line in lines if line.get("number") is not None]
    last = max(begun, default=-1)
    shown = []
    for number, name in NAMES.items():
        own = [line for line in lines if line.get("number") == number]
        shown.append(
            ShownPhase(
                number,
                name,
                _state(number, last, bool(own), at_work=at_work, stopped=stopped),
                sum(line["records"] for line in own),
                sum(line["errors"] for line in own),
                sum(line["seconds"] for line in own),
                own,
            )
        )
    return shown


def _state(number: int, last: int, begun: bool, *, at_work: bool, stopped: bool) -> str:
    if number == last and stopped:
        return "stopped"
    if number == last and at_work:
        return "running"
    if begun or number < last:
        return "done"
    return "waiting" if at_work else "skipped"
