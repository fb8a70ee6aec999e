"""Writing the demo clinic's file."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from onboarding.filemaker.demo_clinic import solution, staff
from onboarding.filemaker.demo_clinic.appointments import appointment_records
from onboarding.filemaker.demo_clinic.correspondence import (
    letter_records,
    message_records,
    reminder_records,
)
from onboarding.filemaker.demo_clinic.facts import DEFAULT_SEED, DemoClinicFacts, planned_facts
from onboarding.filemaker.demo_clinic.invoices import invoice_records
from onboarding.filemaker.demo_clinic.media_records import document_records, image_records
from onboarding.filemaker.demo_clinic.notes import note_records
from onboarding.filemaker.demo_clinic.patients import PatientPlan, patient_records
from onboarding.filemaker.demo_clinic.referrers import referrer_records
from onboarding.filemaker.fmp.writer import FmpWriter

_EASTERN_AUSTRALIA = timezone(timedelta(hours=10))


def write_demo_clinic(
    path: Path | str,
    *,
    factor: float = 1.0,
    seed: int = DEFAULT_SEED,
    today: date | None = None,
    with_containers: bool = True,
    container_bytes: int = 0,
    files: float = 1.0,
) -> DemoClinicFacts:
    """Write the `.fmp12` of a synthetic clinic and return the exact counts of what is in it.

    `factor` scales records and defects alike, from 0.02; equal arguments give equal bytes. The
    diary is laid around `today`. Without containers there are no documents and no images;
    `container_bytes` grows each of their files to about that size, `files` is the share of them.
    """
    path = Path(path)
    today = today or datetime.now(_EASTERN_AUSTRALIA).date()
    facts = planned_facts(
        path,
        factor=factor,
        seed=seed,
        today=today,
        with_containers=with_containers,
        files=files,
    )
    rng = facts.chance("staff")
    patients = PatientPlan(facts)
    with FmpWriter(path, solution.demo_solution()) as fmp:
        fmp.write_records(solution.PATIENTS, patient_records(facts, patients))
        fmp.write_records(solution.APPOINTMENTS, appointment_records(facts, patients))
        fmp.write_records(solution.NOTES, note_records(facts, patients))
        fmp.write_records(solution.CLINICS, staff.clinic_records(rng))
        fmp.write_records(solution.CLINICIANS, staff.clinician_records(rng))
        fmp.write_records(solution.TYPES, staff.type_records(rng))
        if with_containers:
            documents = document_records(facts, patients, container_bytes=container_bytes)
            fmp.write_records(solution.DOCUMENTS, documents)
            images = image_records(facts, patients, container_bytes=container_bytes)
            fmp.write_records(solution.IMAGES, images)
        fmp.write_records(
            solution.GLOBALS,
            staff.setting_records(),
            global_values=staff.global_values(rng, with_containers=with_containers),
        )
        fmp.write_records(solution.LETTERS, letter_records(facts, patients))
        fmp.write_records(solution.REMINDERS, reminder_records(facts, patients))
        fmp.write_records(solution.MESSAGES, message_records(facts, patients))
        fmp.write_records(solution.REFERRERS, referrer_records(facts))
        fmp.write_records(solution.INVOICES, invoice_records(facts, patients))
    return facts
