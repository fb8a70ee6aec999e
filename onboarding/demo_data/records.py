"""What stands in the records of the demo's made-up patients: people, notes, letters, messages, bills.

Every name, number and sentence is invented; the phones are from ranges kept for fiction (ACMA).
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from billing_integrations.invoices import demo as invoices
from billing_integrations.invoices.models import PastInvoice
from billing_integrations.ndis import demo as ndis
from clinical.appointments.models import Appointment, Status
from clinical.consents import demo as consents
from clinical.contacts.models import Contact, PatientContact
from clinical.decision_support import demo as decision_support
from clinical.funding import demo as funding
from clinical.letters import demo as letter_mails
from clinical.letters.models import Letter, LetterTemplate, LetterTemplateVersion
from clinical.letters.standard import STANDARD
from clinical.measures import demo as measures
from clinical.messages import demo as texting
from clinical.messages.models import Message, Reminder
from clinical.notes import demo as note_library
from clinical.notes.models import Note
from clinical.notes.services import body_of
from clinical.pathology import demo as pathology
from clinical.plans import demo as plans
from clinical.problems import demo as problems
from clinical.recalls import demo as recalls
from clinical.referrals import demo as referrals
from clinical.rights import demo as rights
from clinical.threads import demo as threads
from tenants.scope import Actor, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from clinical.patients.models import Patient
    from tenants.models import Tenant

    Filler = Callable[[random.Random, datetime], None]

_CONTACTS = (
    ("Dr", "Isaura", "Penhallow", "Merrigum Bay Medical Centre", "gp", "General practice"),
    ("Dr", "Cornelius", "Vashti", "Coastal Family Practice", "gp", "General practice"),
    ("Ms", "Tamsin", "Orchard", "Lantern Plan Management", "plan_manager", ""),
    ("Mr", "Anselm", "Quigley", "Bridgeway Supports", "support_coordinator", ""),
    ("Dr", "Oriel", "Hathersage", "Southern Orthopaedics", "specialist", "Orthopaedic surgery"),
    ("", "", "", "Everhold Insurance", "insurer", ""),
)
_FINDINGS = (
    ("Slept through for the first time in weeks.", "Flexion to 115 degrees, no swelling."),
    ("Sore after gardening on Sunday, settled by Tuesday.", "Tender along the outer heel."),
    ("Managed the stairs without the rail.", "Single-leg stance 14 s right, 9 s left."),
    ("Home programme done on five of seven days.", "Grip 24 kg right, 19 kg left."),
)
_PLANS = (
    "Go on with the home programme; review in two weeks.",
    "Add step-ups, three sets of ten. Review next week.",
    "Longer walks, flat ground first. Write to the doctor after the next visit.",
)


FILLERS: tuple[Filler, ...] = (
    threads.fill,
    recalls.fill,
    funding.fill,
    referrals.fill,
    consents.fill,
    note_library.fill,
    letter_mails.fill,
    measures.fill,
    problems.fill,
    plans.fill,
    pathology.fill,
    decision_support.fill,
    texting.fill,
    invoices.fill,
    ndis.fill,
    rights.fill,
)
"""What the apps add to a demo clinic around today; each leaves alone what is there already."""

WITHOUT_BILLS: tuple[Filler, ...] = tuple(
    fill for fill in FILLERS if fill not in {invoices.fill, ndis.fill, rights.fill}
)
"""The same for a clinic of somebody's own: into its ledger and its registers goes nothing invented."""


def fill_around_today(tenant: Tenant, *, now: datetime | None = None) -> None:
    """Let every app add its made-up rows to a demo clinic that has patients and visits."""
    now = now or datetime.now(UTC)
    with tenant_scope(tenant, actor=Actor(label="demo")):
        for number, fill in enumerate(FILLERS):
            fill(random.Random(number), now)  # noqa: S311 - the same demo on every machine


def fill_demo_records(tenant: Tenant, *, now: datetime | None = None) -> int:
    """Fill the records of a clinic that has visits; answers how many notes, 0 where some stand."""
    now = now or datetime.now(UTC)
    with tenant_scope(tenant, actor=Actor(label="demo")):
        if Note.objects.exists() or Contact.objects.exists():
            return 0
        visits = list(
            Appointment.objects.exclude(patient=None)
            .select_related("patient", "practitioner", "location", "appointment_type")
            .order_by("starts_at")
        )
        return _fill(visits, now) if visits else 0


def _fill(visits: Sequence[Appointment], now: datetime) -> int:
    chance = random.Random(20)  # noqa: S311 - the same demo on every machine
    patients = list({visit.patient_id: visit.patient for visit in visits if visit.patient}.values())
    contacts = [
        Contact.objects.create(
            title=title,
            given_names=given,
            family_name=family,
            organisation=organisation,
            kind=kind,
            specialty=specialty,
            phone=f"(02) 5550 02{number}5",
            address=f"{number + 20} Pelican Parade\nMerrigum Bay NSW 2999",
        )
        for number, (title, given, family, organisation, kind, specialty) in enumerate(_CONTACTS)
    ]
    PatientContact.objects.bulk_create(_people(chance, patients, contacts))
    _add_templates()
    done = [visit for visit in visits if visit.status == Status.COMPLETED]
    notes = [_note(chance, visit) for visit in done]
    note_library.sign_drafts(notes)
    Letter.objects.bulk_create(_letter(visit, contacts) for visit in done[::6])
    Reminder.objects.bulk_create(_reminder(visit, now) for visit in visits)
    Message.objects.bulk_create(
        Message(
            patient=visit.patient,
            appointment=visit,
            direction=Message.Direction.IN,
            address="0491 570 006",
            body=chance.choice(("Y", "Yes, thank you!", "See you then")),
            sent_at=visit.starts_at - timedelta(hours=22),
            state=Message.State.RECEIVED,
        )
        for visit in visits[::4]
        if visit.starts_at - timedelta(hours=22) < now
    )
    PastInvoice.objects.bulk_create(_invoices(chance, patients, now))
    return len(notes)


def _people(
    chance: random.Random, patients: Sequence[Patient], contacts: Sequence[Contact]
) -> Iterator[PatientContact]:
    for number, patient in enumerate(patients):
        yield PatientContact(
            patient=patient,
            kind=PatientContact.Kind.EMERGENCY,
            name=f"{chance.choice(('Robin', 'Lou', 'Alexis', 'Sam'))} {patient.family_name}",
            relationship=chance.choice(("Daughter", "Son", "Partner", "Sister")),
            phone=f"0491 571 {number:03d}",
        )
        doctor = contacts[number % 2]
        yield PatientContact(patient=patient, kind=PatientContact.Kind.GP, contact=doctor)


def _add_templates() -> None:
    for name, subject, body in STANDARD:
        template = LetterTemplate.objects.create(name=name, subject=subject, body=body)
        LetterTemplateVersion.objects.create(
            template=template, number=1, name=name, subject=subject, body=body, author_name="Nexus"
        )


def _note(chance: random.Random, visit: Appointment) -> Note:
    said, seen = chance.choice(_FINDINGS)
    sections = [
        {"heading": "Subjective", "text": said},
        {"heading": "Objective", "text": seen},
        {"heading": "Assessment", "text": "Progressing as expected."},
        {"heading": "Plan", "text": chance.choice(_PLANS)},
    ]
    return Note(
        patient=_patient_of(visit),
        appointment=visit,
        practitioner=visit.practitioner,
        author_id=visit.practitioner.user_id if visit.practitioner else None,
        author_name=visit.practitioner.name if visit.practitioner else "",
        kind="SOAP note",
        sections=sections,
        body=body_of(sections),
        noted_at=visit.ends_at,
    )


def _patient_of(visit: Appointment) -> Patient:
    assert visit.patient is not None  # noqa: S101 - visits without a patient were left out
    return visit.patient


def _letter(visit: Appointment, contacts: Sequence[Contact]) -> Letter:
    contact, patient = contacts[0], _patient_of(visit)
    return Letter(
        patient=patient,
        contact=contact,
        practitioner=visit.practitioner,
        location=visit.location,
        author_name=visit.practitioner.name if visit.practitioner else "",
        recipient=f"{contact.full_name}\n{contact.organisation}\n{contact.address}",
        subject=f"{patient.full_name}: progress",
        body=(
            f"Dear Dr {contact.family_name},\n\nThank you for referring {patient.full_name}, who is "
            "progressing well.\n\nI will write again after the next review.\n\nKind regards,"
        ),
        letter_date=timezone.localdate(visit.ends_at),
        state=Letter.State.SENT,
        finalised_at=visit.ends_at,
    )


def _reminder(visit: Appointment, now: datetime) -> Reminder:
    due = visit.starts_at - timedelta(days=1)
    is_sent = due < now
    return Reminder(
        patient=_patient_of(visit),
        appointment=visit,
        channel=Reminder.Channel.SMS,
        due_at=due,
        sent_at=due if is_sent else None,
        state=Reminder.State.SENT if is_sent else Reminder.State.PLANNED,
        body="A reminder of your visit tomorrow. Reply Y to confirm.",
    )


def _invoices(
    chance: random.Random, patients: Sequence[Patient], now: datetime
) -> Iterator[PastInvoice]:
    for number, patient in enumerate(patients[::3]):
        cents = chance.choice((9_500, 13_250, 19_399))
        is_paid = number % 5 != 0
        yield PastInvoice(
            patient=patient,
            number=f"INV-{2400 + number}",
            issued_on=timezone.localdate(now) - timedelta(days=200 + 3 * number),
            payer=patient.full_name,
            total_cents=cents,
            paid_cents=cents if is_paid else 0,
            status="Paid" if is_paid else "Outstanding",
            lines=[
                {"description": "Consultation", "quantity": "1", "amount_cents": cents, "raw": {}}
            ],
        )
