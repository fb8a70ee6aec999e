from __future__ import annotations

import pytest
from django.contrib.auth.hashers import check_password
from django.db import connections

from accounts.models import User
from onboarding.signup import services
from onboarding.signup.models import Signup
from tenants.lifecycle import SubdomainError
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope

pytestmark = pytest.mark.usefixtures("committed")

WISH = {
    "clinic_name": "Delta Physio",
    "subdomain": "delta",
    "owner_name": "Dana Delta",
    "email": "Dana@Example.com",
    "password": "quiet lamp orchard",
    "time_zone": "Australia/Perth",
}


@pytest.fixture
def sent(monkeypatch):
    """What was handed to the queue."""
    from onboarding.signup import tasks

    ids: list[str] = []
    monkeypatch.setattr(tasks.provision_clinic, "delay", ids.append)
    return ids


@pytest.fixture(autouse=True)
def _drop_made_clinics(superuser):
    yield
    connections.close_all()
    made = superuser.execute(
        "SELECT id, schema_name FROM tenants_tenant WHERE subdomain NOT IN ('alpha', 'beta')"
    ).fetchall()
    for pk, schema in made:
        superuser.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        for table in ("tenants_domain", "tenants_migrationhead"):
            superuser.execute(f"DELETE FROM {table} WHERE tenant_id = %s", [pk])
        superuser.execute("DELETE FROM tenants_tenant WHERE id = %s", [pk])


def _request(**changes) -> Signup:
    with public_scope():
        return services.request_clinic(**{**WISH, **changes})


def test_a_wish_becomes_a_clinic_with_its_owner_in_it(sent):
    wish = _request()

    done = services.provision(sent[0])

    assert str(wish.pk) == sent[0]
    assert (done.state, done.password_hash) == (Signup.State.READY, "")
    with public_scope():
        clinic = Tenant.objects.get(subdomain="delta")
    assert (clinic.name, clinic.time_zone, clinic.state) == (
        "Delta Physio",
        "Australia/Perth",
        Tenant.State.ACTIVE,
    )
    with tenant_scope(clinic):
        owner = User.objects.get()
    assert (owner.email, owner.role) == ("dana@example.com", User.Role.OWNER)
    assert check_password("quiet lamp orchard", owner.password)


def test_a_message_delivered_twice_makes_one_clinic(sent):
    wish = _request()
    services.provision(wish.pk)

    services.provision(wish.pk)

    with public_scope():
        assert Tenant.objects.filter(subdomain="delta").count() == 1


def test_a_worker_that_died_half_way_is_followed_by_one_that_finishes(sent, monkeypatch):
    wish = _request()

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("tenants.migrate.build_schema", die)
        with pytest.raises(KeyboardInterrupt):
            services.provision(wish.pk)

    assert services.provision(wish.pk).state == Signup.State.READY


def test_an_address_asked_for_twice_is_refused_the_second_time(sent):
    _request()

    with pytest.raises(SubdomainError, match="taken"):
        _request(email="other@example.com")


def test_the_web_role_sees_no_operator_through_the_shared_tables(sent):
    from django.db import DatabaseError

    with pytest.raises(DatabaseError), public_scope():
        list(User.objects.all())
