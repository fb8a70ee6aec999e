"""A clinic in a second database, for whatever is done to a clinic wherever it stands."""

from __future__ import annotations

import os

import psycopg
import pytest

from tests.conftest import clinic_schemas

SECOND = "nexus_second"


@pytest.fixture(scope="module")
def second(django_db_setup):
    """A second database, prepared as `nexus bootstrap` prepares one."""
    from django.conf import settings

    from tenants import clusters, roles

    admin = os.environ["DATABASE_ADMIN_URL"]
    name = f"{settings.DATABASES['default']['NAME']}_{SECOND}"
    with psycopg.connect(admin, autocommit=True) as raw:
        raw.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    roles.bootstrap_database(admin, name=name)
    yield name
    clusters.close_all()
    with psycopg.connect(admin, autocommit=True) as raw:
        raw.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def east(committed, second, settings):
    """Name the second database “east”, and one that is not prepared “bare”."""
    from tenants import clusters

    def named(name: str) -> dict[str, dict[str, object]]:
        return {
            alias: {**settings.DATABASES[alias], "NAME": name} for alias in ("default", "owner")
        }

    settings.CLUSTERS = {"east": named(second), "bare": named("postgres")}
    with psycopg.connect(os.environ["DATABASE_ADMIN_URL"], dbname=second, autocommit=True) as raw:
        yield raw
        clusters.close_all()
        for name in clinic_schemas(raw):
            raw.execute(f'DROP SCHEMA "{name}" CASCADE')


@pytest.fixture
def mover(east, alpha):
    """Answer a clinic with some patients, a secret and an audit trail."""
    from clinical.patients.models import Patient
    from tenants import lifecycle, vault
    from tenants.scope import tenant_scope

    made = lifecycle.create_tenant(name="Mover Massage", subdomain="mover")
    with tenant_scope(made):
        for number in range(30):
            Patient.objects.create(given_names=f"Person {number}", family_name="Müller\t\\N")
        sealed = vault.seal("hidden", provider="xero", field="token")
    made.sealed = sealed
    return made
