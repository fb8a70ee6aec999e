"""Targets that several kinds of records have: whom and what a record is about."""

from __future__ import annotations

from onboarding.imports.targets.base import APPOINTMENT, PATIENT, PRACTITIONER, Target

_PATIENT_WORDS = (
    "patient|client|patient id|client id|patient name|client name|patient no|patient number|"
    "client no|id patient|patienten nr|patientennummer|patnr|kunde|participant|participant id|"
    "customer|customer id|customer name|numero patient|id client|patienten id|klient"
)
_PRACTITIONER_WORDS = (
    "clinician|practitioner|therapist|provider|clinician id|practitioner id|therapist id|"
    "provider id|staff|staff id|staff member|clinician name|practitioner name|therapist name|"
    "behandler|therapeut|mitarbeiter|praticien|therapeute|consultant|employee id"
)
_APPOINTMENT_WORDS = (
    "appointment|appointment id|appt|appt id|visit|visit id|booking|booking id|session id|"
    "id appointment|termin|termin id|rendez vous|rdv|encounter|encounter id|appointment no|event id"
)


def patient_target(more: str = "") -> Target:
    words = f"{_PATIENT_WORDS}|{more}" if more else _PATIENT_WORDS
    return Target("patient", "Patient", "reference", words, refers_to=PATIENT, group="Who")


def practitioner_target(more: str = "") -> Target:
    words = f"{_PRACTITIONER_WORDS}|{more}" if more else _PRACTITIONER_WORDS
    return Target("practitioner", "Clinician", "reference", words, refers_to=PRACTITIONER,
                  group="Who")  # fmt: skip


def appointment_target() -> Target:
    return Target("appointment", "Appointment", "reference", _APPOINTMENT_WORDS,
                  refers_to=APPOINTMENT, group="Who")  # fmt: skip


def moment_targets(
    name: str, label: str, *, moments: str, days: str, times: str
) -> tuple[Target, ...]:
    """Make the targets of one point in time: as a timestamp, or as a date and a time."""
    return (
        Target(f"{name}_at", f"{label} (date and time)", "timestamp", moments, shape="timestamp",
               group="When"),
        Target(f"{name}_on", f"{label}: date", "day", days, shape="date", group="When"),
        Target(f"{name}_time", f"{label}: time", "time", times, shape="time", group="When"),
    )  # fmt: skip
