from __future__ import annotations

import pytest
from django.db import connection

from accounts.models import User
from tenants.scope import NoTenantError, tenant_scope


def test_a_query_outside_every_scope_is_refused(db):
    with pytest.raises(NoTenantError):
        list(User.objects.all())


def test_each_clinic_sees_its_own_rows(alpha, beta):
    with tenant_scope(alpha):
        User.objects.create(email="alice@example.com", name="Alice", role="owner")
    with tenant_scope(beta):
        seen_by_beta = list(User.objects.values_list("name", flat=True))
    with tenant_scope(alpha):
        seen_by_alpha = list(User.objects.values_list("name", flat=True))

    assert seen_by_alpha == ["Alice"]
    assert seen_by_beta == []


def test_the_body_of_a_test_runs_as_the_restricted_role(in_alpha):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")

        assert cursor.fetchone() == ("nexus_app",)
