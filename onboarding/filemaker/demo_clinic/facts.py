"""What the demo clinic's file must hold: how many of everything, and of every defect."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

SMALLEST_FACTOR: Final = 0.02
DEFAULT_SEED: Final = 20_261_121

BAD_BIRTH_DATES: Final = {
    "?": 9,
    "31/02/1975": 7,
    "1/1/0205": 3,
    "future": 5,
    "two-digit year": 12,
}
"""Texts of unusable birth dates and how many there are at factor 1."""

DIRTY_WEIGHTS: Final = {"12 kg": 9, "n/a": 11, "50+": 6, "approx 80": 4, "72,5": 5}


class FactorError(ValueError):
    """The factor is too small for every defect to occur."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoClinicFacts:
    """Exact counts of one written file. Blank records count as records, never as defects."""

    path: Path
    factor: float
    seed: int
    today: date

    patients: int
    appointments: int
    notes: int
    documents: int
    images: int
    letters: int
    reminders: int
    messages: int
    referrers: int
    invoices: int
    clinics: int = 10
    clinicians: int = 10
    appointment_types: int = 9
    settings: int = 6

    blank_patients: int
    blank_appointments: int

    patients_without_clinic: int
    patients_without_birth_date: int
    bad_birth_dates: dict[str, int]
    dirty_weights: dict[str, int]
    duplicate_people: int
    """Pairs of records of one person: same names and birth date, the phone typed differently."""
    invalid_medicare_numbers: int
    several_phones_in_one_field: int
    addresses_with_returns: int
    invalid_emails: int

    appointments_without_clinic: int
    appointments_without_clinician_and_type: int
    orphan_appointments: int
    clinician_names_as_keys: int
    appointments_with_unreadable_date: int
    appointments_ending_before_start: int

    notes_with_emoji: int
    orphan_notes: int
    documents_by_reference: int
    documents_without_patient: int
    documents_without_file: int
    images_without_patient: int
    messages_from_unknown_numbers: int
    invoices_with_uneven_lines: int

    def chance(self, purpose: str) -> Random:
        """Return the source of chance for one purpose: the same for the same seed."""
        return Random(f"{self.seed} {purpose}")  # noqa: S311 - no secret, and must repeat

    @property
    def records(self) -> dict[str, int]:
        """Records of every table by its name in the file, blank ones included."""
        return {
            "Patients": self.patients,
            "Appointments": self.appointments,
            "Notes": self.notes,
            "Clinics": self.clinics,
            "Clinicians": self.clinicians,
            "Appointment Types": self.appointment_types,
            "Documents": self.documents,
            "Images": self.images,
            "Letters": self.letters,
            "Reminders": self.reminders,
            "SMS Messages": self.messages,
            "Referrers": self.referrers,
            "Invoices": self.invoices,
            "zz_Globals": self.settings,
        }


def planned_facts(
    path: Path,
    *,
    factor: float,
    seed: int,
    today: date,
    with_containers: bool = True,
    files: float = 1.0,
) -> DemoClinicFacts:
    """Return the counts for a factor; each scales linearly, and none falls below one.

    `files` scales documents and images besides.
    """
    if factor < SMALLEST_FACTOR:
        raise FactorError(f"factor {factor} is too small: use {SMALLEST_FACTOR} or more")

    def scaled(count: float) -> int:
        return max(1, round(count * factor))

    def filed(count: int) -> int:
        return scaled(count * files) if with_containers else 0

    return DemoClinicFacts(
        path=path,
        factor=factor,
        seed=seed,
        today=today,
        patients=scaled(2_842),
        appointments=scaled(9_830),
        notes=scaled(6_204),
        documents=filed(10_190),
        images=filed(6_574),
        letters=scaled(1_964),
        reminders=scaled(7_412),
        messages=scaled(8_615),
        referrers=scaled(148),
        invoices=scaled(5_213),
        blank_patients=scaled(12),
        blank_appointments=scaled(7),
        patients_without_clinic=scaled(86),
        patients_without_birth_date=scaled(21),
        bad_birth_dates={text: scaled(count) for text, count in BAD_BIRTH_DATES.items()},
        dirty_weights={text: scaled(count) for text, count in DIRTY_WEIGHTS.items()},
        duplicate_people=scaled(40),
        invalid_medicare_numbers=scaled(18),
        several_phones_in_one_field=scaled(64),
        addresses_with_returns=scaled(310),
        invalid_emails=scaled(14),
        appointments_without_clinic=scaled(32),
        appointments_without_clinician_and_type=scaled(1_496),
        orphan_appointments=scaled(5),
        clinician_names_as_keys=scaled(6),
        appointments_with_unreadable_date=scaled(4),
        appointments_ending_before_start=scaled(3),
        notes_with_emoji=scaled(180),
        orphan_notes=scaled(4),
        documents_by_reference=filed(15),
        documents_without_patient=filed(23),
        documents_without_file=filed(17),
        images_without_patient=filed(9),
        messages_from_unknown_numbers=scaled(60),
        invoices_with_uneven_lines=scaled(25),
    )
