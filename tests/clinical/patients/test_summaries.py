from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.db.utils import ProgrammingError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_integrations.invoices.models import PastInvoice
from clinical.appointments.models import Appointment
from clinical.appointments.statuses import TAKES_NO_TIME
from clinical.documents.models import Document
from clinical.notes.models import Note
from clinical.patients import summaries
from clinical.patients.list_models import PatientSummary, SummaryMark
from clinical.patients.models import Patient
from clinical.practice.models import Practitioner
from tenants.scope import tenant_scope

PEOPLE = 4
NOW = datetime.now(UTC)

write = st.tuples(
    st.sampled_from(
        "book book book move cancel give_away delete many note sign file bill pay name archive "
        "merge remove".split()
    ),
    st.integers(0, PEOPLE - 1),
    st.integers(0, PEOPLE - 1),
    st.integers(-50, 50).filter(bool),
)


def _truth() -> dict:
    """Compute every figure from the tables, one patient at a time, in Python and plain queries."""
    found = {}
    for patient in Patient.everyone.all():
        now = connection.cursor().execute("SELECT now()").fetchone()[0]
        visits = Appointment.objects.filter(patient=patient).exclude(status__in=TAKES_NO_TIME)
        last = visits.filter(starts_at__lte=now).order_by("-starts_at", "-id").first()
        coming = visits.filter(starts_at__gt=now).order_by("starts_at", "id").first()
        bills = PastInvoice.objects.filter(patient=patient)
        found[patient.pk] = (
            patient.sort_name,
            patient.is_archived,
            patient.merged_into_id is None,
            last and (last.starts_at, last.practitioner_id),
            coming and (coming.starts_at, coming.practitioner_id),
            Document.objects.filter(patient=patient).count(),
            Note.objects.filter(patient=patient, state="draft").count(),
            bills.aggregate(
                s=Coalesce(Sum("total_cents"), 0) - Coalesce(Sum("paid_cents"), 0)
            )["s"],
        )  # fmt: skip
    return found


def _summaries() -> dict:
    return {
        row.patient_id: (
            row.sort_name,
            row.is_archived,
            row.is_listed,
            (row.last_visit_at, row.last_practitioner_id) if row.last_visit_at else None,
            (row.next_visit_at, row.next_practitioner_id) if row.next_visit_at else None,
            row.documents,
            row.unsigned_notes,
            row.balance_cents,
        )
        for row in PatientSummary.objects.all()
    }


def _do(what: str, one: Patient, other: Patient, hours: int, clinician: Practitioner) -> None:  # noqa: C901, PLR0912
    starts = NOW + timedelta(hours=hours)
    span = {"starts_at": starts, "ends_at": starts + timedelta(minutes=30)}
    mine = Appointment.objects.filter(patient=one)
    if what == "book":
        Appointment.objects.create(patient=one, practitioner=clinician, **span)
    elif what == "many":
        Appointment.objects.bulk_create(
            Appointment(patient=who, **span) for who in (one, other) for _ in range(3)
        )
    elif what == "move":
        mine.update(**span)
    elif what == "cancel":
        Appointment.objects.filter(Q(patient=one) | Q(starts_at__gt=starts)).update(
            status="cancelled"
        )
    elif what == "give_away":
        mine.update(patient=other)
    elif what == "delete":
        mine.filter(starts_at__lt=starts).delete()
    elif what == "note":
        Note.objects.create(patient=one, noted_at=starts)
    elif what == "sign":
        Note.objects.filter(patient=one).delete()
    elif what == "file":
        Document.objects.create(patient=one, storage_key=str(starts))
    elif what == "bill":
        PastInvoice.objects.create(patient=one, total_cents=100 * abs(hours))
    elif what == "pay":
        PastInvoice.objects.filter(patient=one).update(paid_cents=hours)
    elif what == "name":
        Patient.objects.filter(pk=one.pk).update(family_name=f"Name{hours}")
    elif what == "archive":
        Patient.objects.filter(pk=one.pk).update(is_archived=hours > 0)
    elif what == "merge" and one != other:
        Patient.everyone.filter(pk=one.pk).update(merged_into=other)
    elif what == "remove":
        with transaction.atomic():
            Patient.everyone.create(given_names="Here", family_name="For a moment").delete()


@pytest.fixture
def people(in_alpha):
    return [Patient.objects.create(given_names=f"P{n}") for n in range(PEOPLE)]


def test_whatever_is_written_the_summaries_say_what_the_tables_say(people):
    clinician = Practitioner.objects.create(name="Dana")

    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(write, max_size=12))
    def holds(writes):
        with transaction.atomic():
            for what, one, other, hours in writes:
                _do(what, people[one], people[other], hours, clinician)
            assert _summaries() == _truth()
            assert not summaries.are_waiting()
            assert summaries.find_wrong() == 0
            transaction.set_rollback(True)

    holds()


def test_a_statement_about_many_leaves_them_to_whoever_reads(in_alpha):
    many = Patient.objects.bulk_create(Patient(given_names=f"P{n}") for n in range(120))
    starts = NOW + timedelta(hours=1)
    Appointment.objects.bulk_create(
        Appointment(patient=one, starts_at=starts, ends_at=starts + timedelta(hours=1))
        for one in many
    )
    assert SummaryMark.objects.count() == 120

    summaries.refresh()

    assert PatientSummary.objects.filter(next_visit_at=starts).count() == 120
    assert not summaries.are_waiting()


def test_a_visit_that_has_begun_is_no_longer_the_next(people, superuser):
    starts = NOW + timedelta(hours=1)
    Appointment.objects.create(
        patient=people[0], starts_at=starts, ends_at=starts + timedelta(hours=1)
    )
    Appointment.objects.update(starts_at=NOW - timedelta(hours=1))
    with connection.cursor() as cursor:  # as if the hour had passed since
        cursor.execute("SELECT rebuild_patient_summaries()")

    summary = summaries.summary_of(people[0].pk)

    assert (summary.last_visit_at, summary.next_visit_at) == (NOW - timedelta(hours=1), None)


def test_the_web_cannot_write_a_summary(people):
    for statement in (
        "UPDATE mv_patient_summary SET documents = 7",
        "DELETE FROM mv_patient_summary",
        "INSERT INTO patients_summarymark SELECT * FROM patients_summarymark",
        "SELECT sum_up_patients_patient('{}')",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)


@pytest.mark.usefixtures("committed")
def test_nobody_waits_for_a_summary_that_another_transaction_holds(alpha):
    from threading import Thread

    with tenant_scope(alpha):
        patient = Patient.objects.create(given_names="Wanted", family_name="Twice")
    hour = timedelta(hours=1)

    def book(after: int) -> None:
        with tenant_scope(alpha):
            connection.cursor().execute("SET LOCAL lock_timeout = '2s'")
            Appointment.objects.create(
                patient=patient, starts_at=NOW + after * hour, ends_at=NOW + (after + 1) * hour
            )
            summaries.refresh()
        connection.close()

    with tenant_scope(alpha):  # an import that takes its time
        Appointment.objects.create(
            patient=patient, starts_at=NOW + 5 * hour, ends_at=NOW + 6 * hour
        )
        meanwhile = Thread(target=book, args=[2])
        meanwhile.start()
        meanwhile.join()

    with tenant_scope(alpha):
        assert Appointment.objects.count() == 2
        assert summaries.are_waiting()
        assert summaries.summary_of(patient.pk).next_visit_at == NOW + 2 * hour
        assert summaries.find_wrong() == 0
