from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from accounts.permissions import (
    FACTOR_IS_MANDATORY,
    TABLE,
    Action,
    Permissions,
    Resource,
    allows,
    may,
    role_table,
    sees_only_assigned,
)

Role = User.Role


def person(role: str, *, is_active: bool = True) -> User:
    return User(email="somebody@example.com", name="Somebody", role=role, is_active=is_active)


def roles_that_may(action: Action, resource: Resource) -> set[str]:
    return {role.value for role in Role if allows(person(role), action, resource)}


def test_every_role_stands_in_the_table():
    assert set(TABLE) == set(Role)


def test_reception_books_and_registers_but_deletes_no_patient():
    reception = person(Role.RECEPTION)

    assert allows(reception, Action.CREATE, Resource.APPOINTMENTS)
    assert allows(reception, Action.CREATE, Resource.PATIENTS)
    assert not allows(reception, Action.DELETE, Resource.PATIENTS)


def test_only_owners_and_administrators_import_and_manage_staff():
    assert roles_that_may(Action.RUN, Resource.IMPORTS) == {"owner", "admin"}
    assert roles_that_may(Action.CHANGE, Resource.STAFF) == {"owner", "admin", "operator"}


def test_an_operator_has_no_right_on_what_is_clinical():
    assert roles_that_may(Action.VIEW, Resource.TENANTS) == {"operator"}
    assert not any(allows(person(Role.OPERATOR), action, Resource.PATIENTS) for action in Action)


def test_the_second_factor_is_mandatory_for_owner_admin_and_operator():
    assert {Role.OWNER, Role.ADMIN, Role.OPERATOR} == FACTOR_IS_MANDATORY


def test_a_coordinator_sees_only_assigned_participants():
    assert sees_only_assigned(person(Role.COORDINATOR))
    assert not sees_only_assigned(person(Role.CLINICIAN))


def test_whoever_may_see_no_patient_counts_as_seeing_only_assigned_ones():
    assert sees_only_assigned(person(Role.OPERATOR))
    assert sees_only_assigned(AnonymousUser())


@pytest.mark.parametrize("nobody", [None, AnonymousUser(), person("owner", is_active=False)])
def test_strangers_and_deactivated_people_may_nothing(nobody):
    assert not any(allows(nobody, action, resource) for action in Action for resource in Resource)


def test_a_permission_can_be_written_as_text_for_menus_and_templates():
    assert may(person(Role.ADMIN), "staff.view")
    assert not may(person(Role.BILLING), "staff.view")
    assert Permissions(person(Role.BILLING))["patients"]["view"]


def test_a_misspelt_permission_raises():
    with pytest.raises(ValueError, match="patient"):
        may(person(Role.ADMIN), "patient.view")


def test_the_role_table_of_a_clinic_names_no_operator():
    resources, rows = role_table()

    assert [row.role for row in rows] == [role for role in Role if role != Role.OPERATOR]
    assert Resource.TENANTS not in resources
