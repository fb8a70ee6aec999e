"""A clinic with a connection to a FileMaker Server of our own on the loopback."""

from __future__ import annotations

import pytest

from tenants.scope import Actor, tenant_scope
from tests.onboarding.filemaker.live.conftest import (  # noqa: F401 - fixtures
    authority,
    authority_pem,
    certificate,
    clinic_path,
    double,
    seeded,
)

IDA = Actor(label="Ida Importer")
LOOPBACK = ("127.0.0.0/8", "::1/128")


@pytest.fixture(autouse=True)
def _loopback_is_allowed_to_alpha(settings):
    settings.PRIVATE_NETWORKS = {"alpha": LOOPBACK}


@pytest.fixture
def details(double, authority_pem):  # noqa: F811 - the fixtures above
    """What a person fills in: `details(password="…")`."""
    from onboarding.imports.connection.services import ConnectionDetails

    def make(**changes):
        given = {
            "kind": "dataapi",
            "host": f"localhost:{double.port}",
            "database": "Clinic",
            "account": double.account,
            "password": double.password,
            "authority_pem": authority_pem,
        }
        return ConnectionDetails(**{**given, **changes})

    return make


@pytest.fixture
def connect(details):
    """Save a connection of a clinic and try it out: `connect(alpha, kind="odata")`."""
    from onboarding.imports.connection import services

    def make(clinic, **changes):
        with tenant_scope(clinic, actor=IDA):
            saved = services.save_connection(None, details(**changes), actor=IDA)
            services.request_trial(saved)
        services.check_connection(clinic, saved.pk, actor=IDA)
        return again(clinic, saved)

    return make


def again(clinic, connection):
    """Read the connection anew."""
    from onboarding.imports.connection.models import FileMakerConnection

    with tenant_scope(clinic):
        return FileMakerConnection.objects.get(pk=connection.pk)
