from __future__ import annotations

import pytest


@pytest.fixture
def _only_two_clinics(committed, superuser):
    """Whatever clinics the test has made are gone after it."""
    yield
    superuser.execute("SET session_replication_role = replica")
    for (pk,) in superuser.execute(
        "SELECT id FROM tenants_tenant WHERE subdomain NOT IN ('alpha', 'beta')"
    ).fetchall():
        superuser.execute(f"DROP SCHEMA IF EXISTS c_{pk} CASCADE")
        for table in ("tenants_domain", "tenants_migrationhead", "tenants_job"):
            superuser.execute(f"DELETE FROM {table} WHERE tenant_id = {pk}")
        superuser.execute(f"DELETE FROM tenants_tenant WHERE id = {pk}")
    superuser.execute("UPDATE tenants_tenant SET state = 'active', state_reason = ''")
    superuser.execute("SET session_replication_role = DEFAULT")
