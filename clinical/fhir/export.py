"""Reads a clinic's rows, kind by kind, and answers them as FHIR R4 resources.

Everything is read through cursors in portions and with what it needs beside it, so neither the memory
it takes nor the number of questions per row grows with the clinic. Runs in the clinic's scope, with
the rights of whoever acts there: what a role may not read is not in its answer.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from clinical.appointments.models import Appointment
from clinical.consents.models import Consent
from clinical.contacts.models import Contact, PatientContact
from clinical.documents.models import Document
from clinical.fhir import findings, people, visits
from clinical.fhir.elements import Resource, moment
from clinical.funding.models import NdisPlan
from clinical.letters.models import Letter
from clinical.measures.models import Assessment
from clinical.messages.models import Message
from clinical.notes.models import Note
from clinical.pathology.models import ResultReport, ResultValue
from clinical.patients.models import Patient
from clinical.plans.models import Plan, PlanGoal
from clinical.practice.models import Location, Practitioner
from clinical.problems.models import Allergy, Medication, NoKnownAllergies, Problem
from clinical.referrals.models import Referral
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from uuid import UUID

    from django.db.models import QuerySet

PORTION = 1_000


@dataclass(frozen=True)
class Source:
    """Rows of one table, the resource that each becomes, and by what they are a patient's."""

    kind: str
    rows: Callable[[], QuerySet[Any]]
    write: Callable[[Any], Resource]
    patient: str = "patient"
    """The path to the patient's id; empty for what belongs to the practice."""

    def read(self, patient_id: UUID | None = None) -> Iterator[Resource]:
        rows = self.rows().order_by("pk")
        if patient_id is not None:
            rows = rows.filter(**{self.patient: patient_id})
        for row in rows.iterator(chunk_size=PORTION):
            yield self.write(row)


def _taken_place() -> QuerySet[Appointment]:
    visits_of_patients = Appointment.objects.filter(patient__isnull=False)
    return visits_of_patients.filter(status__in=visits.HAPPENED).select_related("appointment_type")


PRACTICE: tuple[Source, ...] = (
    Source("Location", Location.objects.all, people.location, ""),
    Source("Practitioner", Practitioner.objects.all, people.practitioner, ""),
    Source(
        "PractitionerRole",
        lambda: Practitioner.objects.prefetch_related("provider_numbers"),
        people.practitioner_role,
        "",
    ),
)
RECORDS: tuple[Source, ...] = (
    Source(
        "Patient",
        lambda: Patient.everyone.prefetch_related("identifiers", "contact_points", "addresses"),
        people.patient,
        "pk",
    ),
    Source(
        "RelatedPerson",
        lambda: PatientContact.objects.select_related("contact"),
        people.related_person,
    ),
    Source(
        "Coverage",
        lambda: NdisPlan.objects.select_related("plan_manager").prefetch_related("budgets"),
        people.coverage,
    ),
    Source(
        "Appointment",
        lambda: Appointment.objects.select_related("appointment_type"),
        visits.appointment,
    ),
    Source("Encounter", _taken_place, visits.encounter),
    Source("Condition", Problem.objects.all, findings.condition),
    Source("AllergyIntolerance", Allergy.objects.all, findings.allergy),
    Source("AllergyIntolerance", NoKnownAllergies.objects.all, findings.no_known_allergies),
    Source("MedicationStatement", Medication.objects.all, findings.medication),
    Source("Observation", Assessment.objects.all, findings.measure),
    Source(
        "Observation",
        lambda: ResultValue.objects.filter(report__patient__isnull=False).select_related("report"),
        findings.result_value,
        "report__patient",
    ),
    Source("QuestionnaireResponse", Assessment.objects.all, findings.answers),
    Source(
        "DiagnosticReport",
        lambda: ResultReport.objects.filter(patient__isnull=False).prefetch_related("values"),
        findings.diagnostic_report,
    ),
    Source(
        "CarePlan",
        lambda: Plan.objects.prefetch_related("goals"),
        visits.care_plan,
    ),
    Source(
        "Goal",
        lambda: PlanGoal.objects.select_related("plan").prefetch_related("progress"),
        visits.goal,
        "plan__patient",
    ),
    Source("DocumentReference", Document.objects.all, findings.document),
    Source("DocumentReference", Note.objects.all, findings.clinical_note),
    Source("DocumentReference", Letter.objects.all, findings.letter),
    Source("Consent", lambda: Consent.objects.select_related("kind"), visits.consent),
    Source("Communication", Message.objects.all, visits.communication),
    Source(
        "ServiceRequest",
        lambda: Referral.objects.select_related("referrer"),
        visits.service_request,
    ),
)
"""Sources of one kind stand beside each other: a file of the archive has one kind."""


def resources_of_clinic() -> Iterator[tuple[str, Resource]]:
    """Answer every resource of the clinic in scope, with its type; those of one type together."""
    yield "Organization", people.organization(current_scope().name)
    yield from _address_book("Organization")
    for source in PRACTICE:
        yield from ((source.kind, resource) for resource in source.read())
        if source.kind == "Practitioner":
            yield from _address_book("Practitioner")
    for source in RECORDS:
        yield from ((source.kind, resource) for resource in source.read())


def _address_book(kind: str) -> Iterator[tuple[str, Resource]]:
    for row in Contact.objects.order_by("pk").iterator(chunk_size=PORTION):
        if people.is_person(row) == (kind == "Practitioner"):
            yield kind, people.contact_person(row)


def bundle_of_patient(patient_id: UUID | str) -> Resource:
    """Answer all that is on record about one patient, and whom and what it refers to, as one Bundle.

    Raises Patient.DoesNotExist.
    """
    pk = Patient.everyone.values_list("pk", flat=True).get(pk=patient_id)
    about = [resource for source in RECORDS for resource in source.read(pk)]
    around = _referred_to(about)
    base = f"https://{current_scope().label}.{settings.BASE_DOMAIN}/fhir"
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": moment(timezone.now()),
        "entry": [
            {
                "fullUrl": f"{base}/{entry['resourceType']}/{entry['id']}",
                "resource": entry,
            }
            for entry in [*about, *around]
        ],
    }


def _referred_to(resources: list[Resource]) -> Iterator[Resource]:
    wanted = _wanted(resources)
    groups = list(_group_sessions(wanted["Appointment"]))
    for kind, ids in _wanted(groups).items():
        wanted[kind] |= ids
    yield people.organization(current_scope().name)
    for source in PRACTICE[:2]:
        rows = source.rows().filter(pk__in=_own(wanted[source.kind]))
        yield from map(source.write, rows)
    names = _own(wanted["Practitioner"] | wanted["Organization"])
    yield from map(people.contact_person, Contact.objects.filter(pk__in=names))
    yield from groups


def _group_sessions(ids: Iterable[str]) -> Iterator[Resource]:
    """The sessions that the patient attended with others, without what was noted: it may name those."""
    sessions = Appointment.objects.filter(pk__in=sorted(ids), patient__isnull=True)
    for row in sessions.select_related("appointment_type"):
        session = visits.appointment(row)
        session.pop("comment", None)
        yield session


def _wanted(resources: list[Resource]) -> defaultdict[str, set[str]]:
    """The ids that are referred to, by the type of their resources."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for named in _references(resources):
        kind, _, pk = named.partition("/")
        wanted[kind].add(pk)
    return wanted


def _own(ids: Iterable[str]) -> list[str]:
    return sorted(pk for pk in ids if pk != people.PRACTICE)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(named := value.get("reference"), str):
            yield named
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)
