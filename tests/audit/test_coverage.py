from __future__ import annotations

from audit import coverage
from tenants.scope import public_scope, tenant_scope


def test_every_table_of_a_clinic_is_recorded_or_exempt_with_a_reason(alpha):
    with tenant_scope(alpha):
        gaps = coverage.find_gaps()

    assert gaps == []


def test_every_table_of_the_platform_is_recorded_or_exempt_with_a_reason(db):
    with public_scope():
        gaps = coverage.find_gaps()

    assert gaps == []


def test_every_exemption_says_why():
    assert [table for table, reason in coverage.exemptions().items() if len(reason) < 10] == []
