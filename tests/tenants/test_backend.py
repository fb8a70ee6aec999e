"""The promises of the scope, tried as nexus_app with real commits."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import DatabaseError, connection, connections, transaction

from accounts.models import User
from tenants.scope import (
    NoTenantError,
    ScopeError,
    TenantMismatchError,
    active_scope,
    public_scope,
    tenant_scope,
)

pytestmark = pytest.mark.usefixtures("committed")


def _raw() -> psycopg.Connection:
    params = connections["default"].get_connection_params()
    keep = {"host", "port", "user", "password", "dbname"}
    return psycopg.connect(**{k: v for k, v in params.items() if k in keep}, autocommit=True)


def _names() -> list[str]:
    return list(User.objects.order_by("name").values_list("name", flat=True))


def _add(name: str) -> User:
    return User.objects.create(
        email=f"{name.lower()}@example.com", name=name, role=User.Role.RECEPTION
    )


@pytest.fixture
def clinics(alpha, beta):
    with tenant_scope(alpha):
        _add("Alice")
    with tenant_scope(beta):
        _add("Bob")
    return alpha, beta


def test_a_connection_that_never_had_a_scope_is_refused_by_postgresql(clinics):
    alpha, _ = clinics

    with _raw() as raw, pytest.raises(psycopg.errors.UndefinedObject):
        raw.execute(f"SELECT * FROM {alpha.schema_name}.accounts_user")


def test_a_connection_whose_scope_has_ended_is_refused_by_postgresql(clinics):
    alpha, _ = clinics
    with _raw() as raw:
        with raw.transaction():
            raw.execute("SELECT set_config('rls.tenant_id', %s, true)", [str(alpha.pk)])

        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            raw.execute(f"SELECT * FROM {alpha.schema_name}.accounts_user")


def test_a_wrong_search_path_sees_and_writes_nothing(clinics):
    alpha, beta = clinics
    with tenant_scope(alpha), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL search_path = {beta.schema_name}, ext")

        assert _names() == []
        assert User.objects.update(name="Mallory") == 0
        with pytest.raises(DatabaseError):
            _add("Mallory")

    with tenant_scope(beta):
        assert _names() == ["Bob"]


def test_a_wrong_setting_sees_and_writes_nothing(clinics):
    alpha, beta = clinics
    with tenant_scope(alpha), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('rls.tenant_id', %s, true)", [str(beta.pk)])

        assert _names() == []
        with pytest.raises(DatabaseError):
            _add("Mallory")


def test_a_row_of_another_tenant_can_be_neither_inserted_nor_made(clinics):
    alpha, beta = clinics
    with tenant_scope(alpha):
        for statement in (
            "INSERT INTO django_migrations (app, name, applied, tenant_id) VALUES ('x', 'y', now(), %s)",
            "UPDATE accounts_user SET tenant_id = %s",
        ):
            with (
                pytest.raises(DatabaseError),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement, [beta.pk])

        assert _names() == ["Alice"]


def test_even_a_superuser_cannot_put_a_row_of_another_tenant_there(clinics, superuser):
    alpha, beta = clinics

    with pytest.raises(psycopg.errors.CheckViolation):
        superuser.execute(f"UPDATE {alpha.schema_name}.accounts_user SET tenant_id = {beta.pk}")


def test_a_missing_schema_fails_and_does_not_fall_through_to_public(clinics, superuser):
    alpha, _ = clinics
    superuser.execute(f"ALTER SCHEMA {alpha.schema_name} RENAME TO c_away")
    try:
        with pytest.raises(DatabaseError), tenant_scope(alpha):
            _names()
    finally:
        superuser.execute(f"ALTER SCHEMA c_away RENAME TO {alpha.schema_name}")


def test_a_crash_leaves_nothing_behind(clinics):
    alpha, beta = clinics

    def crash() -> None:
        with tenant_scope(alpha):
            _names()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()

    assert active_scope() is None
    with pytest.raises(NoTenantError):
        _names()
    with tenant_scope(beta):
        assert _names() == ["Bob"]


def test_a_rollback_does_not_bring_an_earlier_tenant_back(clinics):
    alpha, beta = clinics
    with tenant_scope(alpha):
        assert _names() == ["Alice"]
    with tenant_scope(beta):
        _add("Bert")
        transaction.set_rollback(True)
    with tenant_scope(beta):
        assert _names() == ["Bob"]


def test_a_rolled_back_savepoint_keeps_the_scope(clinics):
    alpha, _ = clinics
    with tenant_scope(alpha):
        with transaction.atomic():
            _add("Anna")
            transaction.set_rollback(True)

        assert _names() == ["Alice"]


def test_a_reconnect_starts_without_a_tenant(clinics):
    alpha, beta = clinics
    with tenant_scope(alpha):
        _names()
    connection.close()
    with pytest.raises(NoTenantError):
        _names()
    with tenant_scope(beta):
        assert _names() == ["Bob"]


def test_a_connection_killed_inside_a_scope_fails_and_the_next_scope_is_right(clinics, superuser):
    alpha, beta = clinics

    def query_on_a_killed_connection() -> None:
        with tenant_scope(alpha):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                superuser.execute("SELECT pg_terminate_backend(%s)", cursor.fetchone())
            _names()

    with pytest.raises(DatabaseError):
        query_on_a_killed_connection()

    with tenant_scope(beta):
        assert _names() == ["Bob"]


def test_a_second_alias_does_not_inherit_the_scope(clinics):
    alpha, _ = clinics

    with tenant_scope(alpha), pytest.raises(TenantMismatchError):
        list(User.objects.using("owner").all())


def test_one_transaction_never_serves_two_clinics(clinics):
    alpha, beta = clinics

    with tenant_scope(alpha), pytest.raises(TenantMismatchError), tenant_scope(beta):
        pass


def test_a_scope_inside_the_same_scope_is_a_savepoint_and_costs_no_stamp(clinics):
    alpha, _ = clinics
    with tenant_scope(alpha):
        with tenant_scope(alpha):
            assert _names() == ["Alice"]

        assert _names() == ["Alice"]


def test_a_query_after_the_transaction_has_ended_is_refused(clinics):
    alpha, _ = clinics
    seen: list[object] = []

    def too_late() -> None:
        with pytest.raises(ScopeError):
            _names()
        seen.append("refused")

    with tenant_scope(alpha):
        transaction.on_commit(too_late)

    assert seen == ["refused"]


def test_a_thread_starts_without_a_tenant(clinics):
    alpha, _ = clinics
    errors: list[Exception] = []

    def query() -> None:
        try:
            _names()
        except NoTenantError as error:
            errors.append(error)
        finally:
            connections.close_all()

    with tenant_scope(alpha):
        _names()
        thread = threading.Thread(target=query)
        thread.start()
        thread.join()

    assert len(errors) == 1


def test_threads_of_two_clinics_never_meet(clinics):
    alpha, beta = clinics

    def look(index: int) -> tuple[str, list[str]]:
        clinic = (alpha, beta)[index % 2]
        try:
            with tenant_scope(clinic):
                return clinic.subdomain, _names()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(look, range(100)))

    assert answers == [("alpha", ["Alice"]), ("beta", ["Bob"])] * 50


def test_async_code_sees_its_own_clinic_only(clinics):
    alpha, beta = clinics

    async def view(name: str) -> list[str]:
        await asyncio.sleep(0)
        return [name, *await sync_to_async(_names)()]

    with tenant_scope(alpha):
        seen_by_alpha = async_to_sync(view)("alpha")
    with tenant_scope(beta):
        seen_by_beta = async_to_sync(view)("beta")

    assert (seen_by_alpha, seen_by_beta) == (["alpha", "Alice"], ["beta", "Bob"])


def test_the_shared_scope_sees_no_row_of_any_clinic(clinics):
    with public_scope(), connection.cursor() as cursor:
        for clinic in clinics:
            cursor.execute(f"SELECT * FROM {clinic.schema_name}.accounts_user")

            assert cursor.fetchall() == []


def test_the_app_may_neither_create_nor_truncate_nor_drop(clinics):
    alpha, _ = clinics
    for statement in (
        "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "TRUNCATE accounts_user",
        "DROP TABLE accounts_user",
        "ALTER TABLE accounts_user DISABLE ROW LEVEL SECURITY",
        "SET ROLE nexus_owner",
        "SET SESSION AUTHORIZATION nexus_owner",
    ):
        with pytest.raises(DatabaseError), tenant_scope(alpha), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_operators_role_cannot_enter_a_clinic(clinics):
    alpha, _ = clinics
    with (
        pytest.raises(DatabaseError),
        public_scope(using="platform"),
        connections["platform"].cursor() as cursor,
    ):
        cursor.execute(f"SELECT * FROM {alpha.schema_name}.accounts_user")


def test_the_tenant_cannot_be_set_on_a_connection(clinics):
    alpha, _ = clinics

    with pytest.raises(ScopeError):
        connection.set_tenant(alpha)
    with pytest.raises(ScopeError):
        connection.set_schema_to_public()
    with pytest.raises(ScopeError):
        alpha.activate()
