"""Empty clinics kept ready: taken once, never of another version's tables, and never needed."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, connection, connections

from clinical.patients.models import Patient
from tenants import isolation, lifecycle, migrate, spares, tasks
from tenants.lifecycle import SubdomainError
from tenants.models import MigrationHead, Spare, Tenant
from tenants.scope import public_scope, schema_of, tenant_scope
from tests.conftest import clinic_schemas

pytestmark = pytest.mark.usefixtures("alpha", "beta", "only_two_clinics")


@pytest.fixture
def no_building(monkeypatch):
    def refuse(number):
        raise AssertionError(f"c_{number} is built while somebody waits")

    return lambda: monkeypatch.setattr(migrate, "build_schema", refuse)


def _spares() -> list[int]:
    with public_scope(using="owner"):
        return sorted(Spare.objects.values_list("pk", flat=True))


def _at(subdomain: str) -> tuple[int, str]:
    with public_scope(using="owner"):
        return Tenant.objects.values_list("pk", "state").get(subdomain=subdomain)


def _create(subdomain: str) -> Tenant:
    return lifecycle.create_tenant(name="Gamma Speech", subdomain=subdomain)


def test_a_new_clinic_gets_a_spare_and_is_walled_as_any(no_building, superuser):
    assert spares.keep(2) == 2
    assert spares.keep(2) == 0
    ready = _spares()
    assert isolation.check_isolation(subdomains=["nobody"]).ok, "a spare is no stray schema"
    no_building()

    gamma, delta = _create("gamma"), _create("delta")

    assert [gamma.pk, delta.pk] == ready
    assert (gamma.state, gamma.schema_name) == (Tenant.State.ACTIVE, schema_of(gamma.pk))
    assert _spares() == []
    report = isolation.check_isolation(subdomains=["gamma", "delta"])
    assert (report.clinics, report.findings, report.leaks) == (2, [], [])
    with tenant_scope(gamma):
        Patient.objects.create(given_names="Gus", family_name="Gammas")
    with tenant_scope(delta):
        assert not Patient.objects.exists()


def test_two_owners_at_once_get_two_clinics():
    spares.keep(2)
    start, made = threading.Barrier(2), []

    def sign_up(subdomain: str) -> None:
        start.wait(10)
        made.append(_create(subdomain).pk)
        connections.close_all()

    threads = [threading.Thread(target=sign_up, args=[name]) for name in ("gamma", "delta")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(made) == len(set(made)) == 2


def test_an_address_that_cannot_be_had_costs_no_spare():
    spares.keep(1)
    ready = _spares()

    with pytest.raises(SubdomainError, match="taken"):
        _create("alpha")

    assert _spares() == ready


def test_a_crash_before_the_clinic_is_open_loses_nothing(no_building):
    spares.keep(1)
    [ready] = _spares()
    no_building()
    reserved = lifecycle.reserve_tenant(name="G", subdomain="gamma", time_zone="Australia/Perth")
    assert isolation.check_isolation(subdomains=["nobody"]).ok, (
        "its tables have a clinic, which is being made"
    )

    for _attempt in range(2):
        with public_scope(using="owner"):
            found = Tenant.objects.get(subdomain="gamma")
            Tenant.objects.filter(pk=found.pk).update(state=Tenant.State.CREATING)
            found.state = Tenant.State.CREATING
        lifecycle.finish_creation(found)

    assert reserved.pk == ready
    assert _at("gamma") == (ready, Tenant.State.ACTIVE)


def test_whoever_builds_tables_of_their_own_leaves_the_spare():
    spares.keep(1)
    ready = _spares()

    reserved = lifecycle.reserve_tenant(
        name="G", subdomain="gamma", time_zone="Australia/Perth", spare=False
    )
    lifecycle.finish_creation(reserved)

    assert reserved.pk not in ready
    assert _spares() == ready


def test_a_spare_out_of_a_backup_whose_tables_are_not_there_is_passed_by(superuser):
    with public_scope(using="owner"):
        migrate.ask(
            "INSERT INTO tenants_spare VALUES (77001, %s, now()) RETURNING 1",
            (migrate.heads_digest(),),
        )

    gamma = _create("gamma")

    assert gamma.pk != 77_001
    assert _at("gamma") == (gamma.pk, Tenant.State.ACTIVE)
    assert _spares() == []


def test_spares_of_older_tables_are_not_taken_and_go(superuser, monkeypatch):
    spares.keep(1)
    [old] = _spares()
    superuser.execute("UPDATE tenants_spare SET heads = 'older'")

    assert _create("gamma").pk != old
    monkeypatch.setattr("django.conf.settings.SPARE_CLINICS", 1)
    tasks.keep_spares()

    [new] = _spares()
    assert new != old
    assert schema_of(old) not in clinic_schemas(superuser)


def test_a_version_that_is_not_the_platforms_keeps_none(superuser, monkeypatch):
    spares.keep(1)
    ready = _spares()
    monkeypatch.setattr(migrate, "heads_digest", lambda: "2" * 64)

    assert spares.keep(3) == 0
    assert _spares() == ready

    with public_scope(using="owner"):
        assert not MigrationHead.objects.filter(tenant_id__in=ready).exists()


def test_a_series_of_numbers_that_is_behind_costs_no_clinic(alpha, beta, superuser):
    with tenant_scope(alpha):
        Patient.objects.create(given_names="Ada", family_name="Kept")
    series = "pg_get_serial_sequence('public.tenants_tenant', 'id')"
    superuser.execute(f"SELECT setval({series}, 1, false)")

    assert spares.keep(1) == 1

    [ready] = _spares()
    assert ready > max(alpha.pk, beta.pk)
    with tenant_scope(alpha):
        assert Patient.objects.get().family_name == "Kept"
    # Nor is a clinic dropped that is on record as a spare.
    superuser.execute("UPDATE tenants_spare SET tenant_id = %s", [alpha.pk])
    spares.drop([alpha.pk])
    with tenant_scope(alpha):
        assert Patient.objects.exists()


def test_a_neighbour_sees_and_writes_nothing_of_a_spare(alpha):
    spares.keep(1)
    [ready] = _spares()
    schema = schema_of(ready)

    for query, refusal in (
        ("SELECT * FROM public.tenants_spare", "permission denied"),
        (f"INSERT INTO {schema}.practice_location (id, tenant_id) VALUES "
         f"(gen_random_uuid(), {ready})", "row-level security"),
        (f"DROP SCHEMA {schema} CASCADE", "must be owner"),
    ):  # fmt: skip
        with (
            pytest.raises(DatabaseError, match=refusal),
            tenant_scope(alpha),
            connection.cursor() as cursor,
        ):
            cursor.execute(query)
    with tenant_scope(alpha), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {schema}.consents_consentkind")
        assert cursor.fetchone() == (0,)


def test_two_workers_do_not_build_the_same(superuser):
    with superuser.transaction():
        superuser.execute("SELECT pg_advisory_xact_lock(%s)", [spares.BUILDING])
        assert spares.keep(1) == 0
    assert spares.keep(1) == 1
