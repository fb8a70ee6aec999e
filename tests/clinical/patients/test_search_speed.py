"""Every hot look-up keeps its index under row-level security, as the restricted role."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from time import perf_counter

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections

from benchmarks.crowd import TABLES, gather
from clinical.appointments.models import Appointment
from clinical.patients.filters import ORDERS
from clinical.patients.list_models import PatientSummary
from clinical.patients.listing import _beyond
from clinical.patients.models import ContactPoint, Patient, PatientIdentifier
from clinical.patients.search import find_patients
from clinical.practice.models import Practitioner
from tenants import lifecycle
from tenants.scope import tenant_scope

COUNT = 100_000
TODAY = date(2026, 11, 21)
NINE = datetime(2026, 3, 2, 22, tzinfo=UTC)
DAY = timedelta(days=1)

SUMMARIES = """
INSERT INTO mv_patient_summary (patient_id, sort_name, plan_end, last_visit_at, next_visit_at)
SELECT id, sort_name, date '2026-01-01' + number::int % 700, now() - number * interval '1 hour',
    now() + number * interval '1 hour' FROM patients_patient
"""

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def crowded(django_db_setup, django_db_blocker):
    """A clinic of 100,000 patients, committed; its schema goes when the module ends."""
    with django_db_blocker.unblock():
        clinic = lifecycle.create_tenant(name="Crowded", subdomain="crowded")
        name = settings.DATABASES["default"]["NAME"]
        admin = os.environ["DATABASE_ADMIN_URL"]
        with psycopg.connect(admin, dbname=name, autocommit=True) as raw:
            gather(raw, clinic.schema_name, count=COUNT)
            raw.execute(SUMMARIES)
            raw.execute("VACUUM ANALYZE mv_patient_summary")
        yield clinic
        connections.close_all()
        with psycopg.connect(admin, dbname=name, autocommit=True) as raw:
            raw.execute(f'DROP SCHEMA "{clinic.schema_name}" CASCADE')
            for table in ("tenants_domain", "tenants_migrationhead", "tenants_tenant"):
                column = "id" if table == "tenants_tenant" else "tenant_id"
                raw.execute(f"DELETE FROM {table} WHERE {column} = %s", [clinic.pk])


@pytest.fixture
def in_crowd(crowded, db):
    with tenant_scope(crowded):
        yield crowded


def _first(model: type[Patient | Practitioner]) -> object:
    return model.objects.order_by("pk").values_list("pk", flat=True)[0]


def plan_of(queryset: object) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("nexus_app",)
    return queryset.explain()


@pytest.mark.parametrize(
    ("look_up", "index"),
    [
        (lambda: ContactPoint.objects.filter(normalised="0400007919"), "patients_contact_norm"),
        (
            lambda: ContactPoint.objects.extra(where=["normalised ^@ '0400007'"]),
            "patients_contact_norm",
        ),
        (
            lambda: ContactPoint.objects.extra(where=["reversed ^@ '9197000'"]),
            "patients_contact_reversed",
        ),
        (
            lambda: PatientIdentifier.objects.filter(normalised="430007919"),
            "patients_identifier_norm",
        ),
        (lambda: Patient.objects.filter(number=77), "patients_patient_number"),
        (lambda: Patient.objects.filter(date_of_birth=date(1980, 3, 12)), "patients_patient_born"),
        (lambda: Patient.objects.order_by("sort_name", "id")[:50], "patients_patient_sort"),
        (lambda: Patient.objects.extra(where=["sort_name ^@ ' smith'"]), "patients_patient_sort"),
        (
            lambda: Appointment.objects.filter(starts_at__gte=NINE, starts_at__lt=NINE + DAY),
            "appointments_start",
        ),
        (
            lambda: Appointment.objects.filter(
                practitioner_id=_first(Practitioner),
                starts_at__gte=NINE,
                starts_at__lt=NINE + DAY,
            ),
            "appointments_",
        ),
        (
            lambda: Appointment.objects.filter(patient_id=_first(Patient)).order_by("-starts_at"),
            "appointments_patient_start",
        ),
    ],
    ids=[
        "phone",
        "phone begins",
        "phone ends",
        "card",
        "number",
        "birthday",
        "list",
        "family",
        "day",
        "clinician's day",
        "patient's appointments",
    ],
)
def test_a_look_up_uses_its_index_under_row_level_security(in_crowd, look_up, index):
    plan = plan_of(look_up())

    assert index in plan, plan
    for table in TABLES:
        assert f"Seq Scan on {table} " not in plan, plan


def test_the_plain_fuzzy_match_would_lose_its_index(in_crowd):
    plan = plan_of(Patient.objects.extra(where=["'jonh smyth' <%% search_name"]))

    assert "Seq Scan on patients_patient" in plan, plan


@pytest.mark.parametrize(
    "typed",
    ["smith john", "jonh smyth", "jo", "s", "0400007919", "7919", "12/03/1980", "#77", "balingby"],
)
def test_a_search_among_100_000_answers_at_once(in_crowd, typed):
    find_patients(typed, today=TODAY)
    started = perf_counter()

    hits = find_patients(typed, today=TODAY)

    assert hits
    assert perf_counter() - started < 0.5


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_of_the_list_is_read_from_its_index_there_and_back(in_crowd, order):
    by, index = ORDERS[order], f"mv_patient_summary_{order}"
    current = PatientSummary.objects.filter(is_listed=True, is_archived=False)
    edge = PatientSummary(patient_id=Patient.objects.values_list("pk", flat=True)[0])
    edge.sort_name, edge.plan_end = " smith", TODAY
    edge.last_visit_at = edge.next_visit_at = NINE

    for backwards in (False, True):
        sign = "-" if by.is_descending != backwards else ""
        rows = current.filter(_beyond(by, edge, backwards=backwards))
        plan = plan_of(rows.order_by(f"{sign}{by.column}", f"{sign}patient_id")[:51])

        assert index in plan, plan
        assert "Sort" not in plan, plan
