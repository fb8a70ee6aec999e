from __future__ import annotations

import pytest
from django.db import connections

from tenants import blueprint, isolation, lifecycle, migrate
from tenants.models import MigrationHead, Tenant
from tenants.scope import entered, public_scope, schema_of

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def gamma(only_two_clinics):
    return lifecycle.create_tenant(name="Gamma Speech", subdomain="gamma")


def test_a_clinic_made_from_the_script_equals_one_made_by_migrations(gamma, superuser):
    migrated_id = 77_777
    with entered(migrate.tenant_scope_of_id(migrated_id)):
        for statement in migrate.create_schema_statements(schema_of(migrated_id)):
            migrate.execute(statement)
        migrate.run_executor()
    try:
        by_migrations = isolation._schema_shape(migrated_id)
        by_script = isolation._schema_shape(gamma.pk)
    finally:
        superuser.execute(f"DROP SCHEMA {schema_of(migrated_id)} CASCADE")

    expected = sorted(line.replace(str(migrated_id), str(gamma.pk)) for line in by_migrations)
    assert sorted(by_script) == expected
    assert any("force true" in line for line in by_script)


def test_a_clinic_begins_with_the_rows_that_migrations_have_put_in(gamma):
    rows = {}
    for tenant_id in (migrate.TEMPLATE_ID, gamma.pk):
        with entered(migrate.tenant_scope_of_id(tenant_id)):
            tables = migrate.ask(
                "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s) "
                "AND relkind = 'r' AND relname NOT LIKE 'audit%%'",
                (schema_of(tenant_id),),
            )
            rows[tenant_id] = {
                name: count
                for (name,) in tables
                if (count := migrate.ask(f'SELECT count(*) FROM "{name}"', ())[0][0])
            }
            kinds = migrate.ask("SELECT id FROM consents_consentkind", ())
            rows[tenant_id, "ids"] = {pk for (pk,) in kinds}

    assert rows[gamma.pk] == rows[migrate.TEMPLATE_ID]
    assert set(rows[gamma.pk]) >= {"consents_consentkind", "django_migrations"}
    assert not rows[gamma.pk, "ids"] & rows[migrate.TEMPLATE_ID, "ids"]


def test_what_cannot_be_written_down_is_refused_and_the_history_kept(gamma):
    with entered(migrate.tenant_scope_of_id(gamma.pk)):
        migrate.execute("CREATE TYPE mood AS ENUM ('good')")

        with pytest.raises(blueprint.UnknownThingError, match="type mood"):
            blueprint.statements()

        connections["owner"].set_rollback(True)


def test_a_run_with_nothing_to_do_migrates_nobody():
    report = migrate.migrate_all()

    assert (report.migrated, report.current, report.errors) == ([], 2, {})


def test_no_clinic_is_begun_while_the_database_is_behind_the_code(monkeypatch):
    monkeypatch.setattr(migrate, "heads_digest", lambda: "0" * 64)

    with pytest.raises(migrate.NotMigratedError, match="nexus migrate"):
        lifecycle.create_tenant(name="Delta", subdomain="delta")

    with public_scope():
        assert not Tenant.objects.filter(subdomain="delta").exists()


def test_a_clinic_left_behind_is_brought_forward_and_the_others_are_left_alone(gamma):
    with public_scope(using="owner"):
        MigrationHead.objects.filter(tenant_id=gamma.pk).update(heads="")

    report = migrate.migrate_all()

    assert (report.migrated, report.current, report.errors) == ([gamma.pk], 2, {})
    with public_scope(using="owner"):
        assert MigrationHead.objects.get(tenant_id=gamma.pk).heads == migrate.heads_digest()


@pytest.mark.parametrize("lost", ["nothing", "its record", "its tables"])
def test_a_creation_cut_off_half_way_is_finished_by_the_next_attempt(gamma, superuser, lost):
    with public_scope(using="owner"):
        Tenant.objects.filter(pk=gamma.pk).update(state=Tenant.State.CREATING)
        if lost == "its record":
            MigrationHead.objects.filter(tenant_id=gamma.pk).delete()
    if lost == "its tables":
        superuser.execute(f"DROP SCHEMA {gamma.schema_name} CASCADE")
    gamma.state = Tenant.State.CREATING

    lifecycle.finish_creation(gamma)

    assert isolation.check_isolation(subdomains=["gamma"]).findings == []


@pytest.mark.parametrize(
    ("subdomain", "word"),
    [
        ("ab", "3 to 40"),
        ("Ünder", "3 to 40"),
        ("two--hyphens", "3 to 40"),
        ("end-", "3 to 40"),
        ("ops", "kept for the platform"),
        ("alpha", "taken"),
        ("pаypal", "3 to 40"),  # noqa: RUF001 - a Cyrillic letter
    ],
)
def test_an_address_that_cannot_be_had_is_refused_with_the_reason(subdomain, word):
    with pytest.raises(lifecycle.SubdomainError, match=word):
        lifecycle.create_tenant(name="X", subdomain=subdomain)
