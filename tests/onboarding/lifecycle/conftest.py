"""Clinics as they were, after each test that has changed, made or destroyed some."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _clinics_as_they_were(monkeypatch, superuser):
    monkeypatch.setattr("tenants.tasks.run_job.apply_async", lambda *_a, **_k: None)
    yield
    made = [row[0] for row in superuser.execute(
        "SELECT schema_name FROM tenants_tenant WHERE subdomain NOT IN ('alpha', 'beta') "
        "AND name NOT IN ('Alpha Physiotherapy', 'Beta Podiatry')"
    )]  # fmt: skip
    superuser.execute("UPDATE tenants_tenant SET sandbox_of_id = NULL")
    for schema in made:
        superuser.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
        superuser.execute(f'DROP SCHEMA IF EXISTS "{schema.replace("c_", "moved_")}" CASCADE')
        number = int(schema.removeprefix("c_"))
        superuser.execute("DELETE FROM tenants_job WHERE tenant_id = %s", [number])
        superuser.execute("DELETE FROM tenants_domain WHERE tenant_id = %s", [number])
        superuser.execute("DELETE FROM tenants_datakey WHERE tenant_id = %s", [number])
        superuser.execute("DELETE FROM tenants_migrationhead WHERE tenant_id = %s", [number])
        superuser.execute("DELETE FROM tenants_tenant WHERE id = %s", [number])
    for name, subdomain in (("Alpha Physiotherapy", "alpha"), ("Beta Podiatry", "beta")):
        superuser.execute(
            "UPDATE tenants_tenant SET subdomain = %s, state = 'active', state_reason = '' "
            "WHERE name = %s", [subdomain, name],
        )  # fmt: skip
    superuser.execute("DELETE FROM tenants_domain WHERE domain NOT LIKE 'alpha.%' "
                      "AND domain NOT LIKE 'beta.%'")  # fmt: skip
    superuser.execute("UPDATE tenants_domain SET is_primary = true")
