"""The digest by which copies of a clinic are compared."""

from __future__ import annotations

from datetime import UTC, datetime

from clinical.patients.models import Patient
from tenants.checksums import (
    KEPT_BY_ITSELF,
    PASSING,
    TableSum,
    checksum_of_table,
    checksums_of_clinic,
    columns_of_table,
    differences,
    sequences_of_clinic,
    tables_of_clinic,
)
from tenants.ids import uuid7
from tenants.scope import tenant_scope

IDS = [uuid7() for _ in range(3)]
MADE = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)


def _fill(tenant, ids, *, family_name: str = "O'Neil", extra=None) -> TableSum:
    with tenant_scope(tenant):
        for place, pk in enumerate(ids):
            Patient.objects.create(
                pk=pk, number=IDS.index(pk) + 1, given_names=f"P{IDS.index(pk)}",
                family_name=family_name, extra=extra or {"k": None, "ä": [1.0, "\n"]},
            )  # fmt: skip
            assert place < len(IDS)
        Patient.objects.update(created_at=MADE, changed_at=MADE)
        return checksum_of_table("patients_patient")


def test_the_same_rows_come_to_the_same_in_another_clinic_and_in_another_order(alpha, beta):
    here, there = _fill(alpha, IDS), _fill(beta, IDS[::-1])
    assert here == there
    assert here.rows == 3
    assert len(here.digest) == 32


def test_one_changed_value_and_a_doubled_or_missing_row_are_seen(alpha, beta):
    whole = _fill(alpha, IDS)
    fewer = _fill(beta, IDS[:2])
    assert whole != fewer
    with tenant_scope(beta):
        Patient.objects.create(pk=IDS[2], number=3, given_names="P2", family_name="o'Neil")
        other = checksum_of_table("patients_patient")
    assert other.rows == whole.rows
    assert other.digest != whole.digest
    assert differences({"t": whole}, {"t": fewer}) == ["t: 3 rows here, 2 there"]
    assert differences({"t": whole}, {"t": other}) == ["t: 3 rows in both, but not the same values"]
    assert differences({"t": whole}, {}) == ["t: only in one"]
    assert differences({"t": whole}, {"t": whole}) == []


def test_what_the_database_derives_and_the_walls_column_have_no_say(in_alpha):
    assert "tenant_id" not in columns_of_table("patients_patient")
    assert "search" not in columns_of_table("problems_code")


def test_every_table_is_found_in_the_database_and_the_partitions_once(in_alpha):
    tables = tables_of_clinic()
    assert "audit_event" in tables
    assert not [table for table in tables if table.startswith("audit_event_")]
    assert "django_migrations" not in tables
    assert set(tables) >= PASSING | KEPT_BY_ITSELF


def test_a_clinic_that_nobody_touches_is_the_same_twice(committed, alpha, beta):
    first, second = checksums_of_clinic(alpha), checksums_of_clinic(alpha)
    assert first == second
    assert not set(first) & (PASSING | KEPT_BY_ITSELF)
    with tenant_scope(beta, using="owner"):
        series = sequences_of_clinic()
        assert series["patients_patient_number"][0] >= 1
        assert sequences_of_clinic() == series
