from __future__ import annotations

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from audit.ddl import PARTITIONS, TABLES
from clinical.practice.models import Location
from tenants.scope import tenant_scope

ALL = (*TABLES, *PARTITIONS)


def _refusal(statement: str) -> str:
    with pytest.raises(ProgrammingError) as caught, transaction.atomic():
        connection.cursor().execute(statement)
    return str(caught.value)


@pytest.mark.parametrize("table", ALL)
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {} DEFAULT VALUES",
        "UPDATE {} SET tenant_id = tenant_id",
        "DELETE FROM {}",
        "TRUNCATE {}",
    ],
)
def test_the_app_can_write_to_no_table_of_the_trail(in_alpha, table, statement):
    assert "permission denied" in _refusal(statement.format(table))


@pytest.mark.parametrize("table", PARTITIONS)
def test_the_app_reads_events_by_their_table_only(in_alpha, table):
    assert "permission denied" in _refusal(f"SELECT 1 FROM {table}")


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize("table", ALL)
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}", "TRUNCATE {}"]
)
def test_even_the_owner_of_the_tables_is_refused(alpha, table, statement):
    from django.db import connections

    with (
        pytest.raises(ProgrammingError, match="The audit trail only grows"),
        tenant_scope(alpha, using="owner"),
    ):
        connections["owner"].cursor().execute(statement.format(table))


def test_a_clinic_cannot_write_into_its_neighbours_trail(alpha, beta):
    statement = f"SELECT {beta.schema_name}.audit_record('view', 'x', '', '', 'ok', NULL)"

    with (
        tenant_scope(alpha),
        pytest.raises(DatabaseError, match="in the scope of another"),
        transaction.atomic(),
    ):
        connection.cursor().execute(statement)


def test_a_definer_function_cannot_be_fooled_by_the_callers_search_path(alpha, beta):
    waiting = f"SELECT count(*) FROM {alpha.schema_name}.audit_queue"
    with tenant_scope(alpha), connection.cursor() as cursor:
        cursor.execute(waiting)
        (before,) = cursor.fetchone()  # what a clinic begins with may wait to be sealed
        Location.objects.create(name="North")
        cursor.execute(f'SET LOCAL search_path = "{beta.schema_name}", ext')
        cursor.execute(f"SELECT {alpha.schema_name}.audit_record('x', 'y', '', '', 'ok', '')")
        cursor.execute(waiting)

        assert cursor.fetchone() == (before + 2,)


def test_the_platform_keeps_a_trail_of_its_own(committed, superuser):
    (before,) = superuser.execute("SELECT coalesce(max(id), 0) FROM public.audit_event").fetchone()
    superuser.execute("UPDATE tenants_tenant SET name = 'Alpha' WHERE subdomain = 'alpha'")
    superuser.execute(
        "UPDATE tenants_tenant SET name = 'Alpha Physiotherapy' WHERE subdomain = 'alpha'"
    )

    rows = superuser.execute(
        "SELECT action, object_type FROM public.audit_event WHERE id > %s ORDER BY id", [before]
    ).fetchall()
    assert rows == [("update", "tenants_tenant")] * 2
