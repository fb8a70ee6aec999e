"""The coordinators' wall comes with every table that tells of a patient, and holds against any query."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import ProgrammingError, connection, connections, models, transaction

from clinical.notes.models import Note, NoteVersion
from clinical.patients.models import CoordinatorAssignment, Patient
from clinical.patients.reach import missing_statements, walls_that_lack, wanted_walls
from tenants.isolation import check_isolation
from tenants.migrate import tenant_scope_of_id
from tenants.scope import act_as, current_scope, entered

NOON = datetime(2026, 11, 20, 1, tzinfo=UTC)


def act(user, *, reach: str = "") -> None:
    act_as(replace(current_scope().actor, id=str(user.pk), label=user.name, reach=reach))
    Patient.objects.exists()


def read(query: str, params: tuple[str, ...] = ()):
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchall()


def _changes(table: str, column: str, patient: Patient) -> bool:
    change = f"UPDATE {table} SET tenant_id = tenant_id WHERE {column} = %s RETURNING 1"
    try:
        with transaction.atomic():
            return bool(read(change, (str(patient.pk),)))
    except ProgrammingError:
        return False


def refers_to_a_patient():
    """Find the columns by the models, as the catalogue is what the wall itself goes by."""
    from django.apps import apps

    return {
        (model._meta.db_table, field.column)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model is Patient
    }


def test_each_table_with_a_patient_has_a_wall_and_lets_no_foreign_row_through(
    in_alpha, patient, person, appointment
):
    coordinator, mine, other = person("coordinator"), patient("Ada North"), patient("Bea South")
    CoordinatorAssignment.objects.create(user=coordinator, patient=mine)
    for who in (mine, other):
        appointment(NOON, patient=who)
        note = Note.objects.create(patient=who, noted_at=NOON)
        NoteVersion.objects.create(note=note, number=1, body="x", signed_at=NOON)
    walls = wanted_walls(read, current_scope().schema)
    columns = refers_to_a_patient()

    act(coordinator)

    assert {table for table, _column in columns} <= set(walls)
    for table, column in sorted(columns - {("patients_patient", "merged_into_id")}):
        found = read(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")
        assert set(found) <= {(mine.pk,)}, table
        assert not _changes(table, column, other), table
    assert read("SELECT id FROM patients_patient") == [(mine.pk,)]
    assert read("SELECT count(*) FROM audit_payload") == [(0,)]
    assert read("SELECT count(*) FROM audit_event") == [(0,)]


@pytest.mark.parametrize("table", ["notes_noteversion", "patients_mergedrow"])
def test_a_table_below_one_with_a_patient_has_a_wall_too(in_alpha, table):
    assert 'FROM {schema}."' in wanted_walls(read, current_scope().schema)[table].sees


def test_a_coordinator_assigns_nobody_to_themselves(in_alpha, patient, person):
    coordinator, other = person("coordinator"), patient("Bea South")
    assignment = CoordinatorAssignment.objects.create(
        user=person("coordinator", name="B"), patient=other
    )

    act(coordinator)

    assert list(CoordinatorAssignment.objects.all()) == []
    assert CoordinatorAssignment.objects.filter(pk=assignment.pk).update(user=coordinator) == 0
    with pytest.raises(ProgrammingError), transaction.atomic():
        CoordinatorAssignment.objects.create(user=coordinator, patient=other)


def test_a_reach_that_was_not_said_is_looked_up(in_alpha, patient, person):
    patient("Bea South")

    act(person("coordinator"), reach="anything")
    seen_by_coordinator = Patient.objects.count()
    act(person("reception"), reach="")

    assert (seen_by_coordinator, Patient.objects.count()) == (0, 1)


@pytest.mark.parametrize(
    ("role", "reach"), [("owner", "all"), ("reception", "all"), ("coordinator", "")]
)
def test_who_signs_in_brings_their_reach_along(in_alpha, person, role, reach):
    from accounts.signing_in import name_actor

    name_actor(person(role))

    assert read("SELECT current_setting('nexus.reach', true)") == [(reach,)]


@pytest.mark.django_db(databases=["default", "owner", "platform"])
def test_a_table_that_comes_tomorrow_gets_its_wall(alpha):
    schema = alpha.schema_name
    with entered(tenant_scope_of_id(alpha.pk)):
        owner = connections["owner"]

        def ask_owner(query, params):
            with owner.cursor() as cursor:
                cursor.execute(query, params)
                return cursor.fetchall()

        with owner.cursor() as cursor:
            cursor.execute("CREATE TABLE tomorrow_plan (id uuid PRIMARY KEY, patient_id uuid)")
            cursor.execute(
                "CREATE TABLE tomorrow_goal (id uuid, plan_id uuid REFERENCES tomorrow_plan)"
            )
            lacking = walls_that_lack(ask_owner, schema)
            for statement in missing_statements(ask_owner, schema):
                cursor.execute(statement)
            lacking_then = walls_that_lack(ask_owner, schema)
        owner.set_rollback(True)

    assert lacking == ["tomorrow_goal", "tomorrow_plan"]
    assert lacking_then == []


@pytest.mark.django_db(databases=["default", "owner", "platform"])
def test_the_isolation_check_finds_a_wall_that_was_taken_down(alpha, superuser):
    table = f"{alpha.schema_name}.patients_address"
    (text,) = superuser.execute(
        "SELECT pg_get_expr(polqual, polrelid) FROM pg_policy "
        f"WHERE polrelid = '{table}'::regclass AND polname = 'assigned_only'"
    ).fetchone()
    superuser.execute(f"ALTER POLICY assigned_only ON {table} RENAME TO gone")
    function = f"{alpha.schema_name}.peeks()"
    superuser.execute(
        f"CREATE FUNCTION {function} RETURNS bigint LANGUAGE sql SECURITY DEFINER "
        f"AS $$ SELECT count(*) FROM {alpha.schema_name}.patients_patient $$; "
        f"ALTER FUNCTION {function} OWNER TO nexus_search"
    )
    try:
        report = check_isolation(subdomains=[alpha.subdomain])
    finally:
        superuser.execute(f"ALTER POLICY gone ON {table} RENAME TO assigned_only")
        superuser.execute(f"DROP FUNCTION {function}")

    assert "assigned_patients" in text
    assert any("patients_address: no wall for coordinators" in found for found in report.findings)
    assert any("peeks: steps over the policies" in found for found in report.findings)
