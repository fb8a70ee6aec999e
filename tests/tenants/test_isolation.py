from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from tenants.isolation import check_isolation

pytestmark = pytest.mark.django_db(databases=["default", "owner", "platform"])


def test_a_sound_installation_has_no_leak_and_no_finding(capsys):
    call_command("isolation", "check", "--json")

    report = json.loads(capsys.readouterr().out)
    assert (report["leaks"], report["findings"], report["ok"]) == ([], [], True)
    assert report["clinics"] == 2
    assert report["probes"] >= 5 * report["tables"] // 2


def test_a_wall_taken_down_is_found(alpha, superuser):
    table = f"{alpha.schema_name}.accounts_user"
    superuser.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    try:
        with pytest.raises(CommandError):
            call_command("isolation", "check", "--json")
        findings = check_isolation().findings
    finally:
        superuser.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")

    assert f"{table}: row-level security is not forced" in findings


def test_a_second_policy_that_lets_all_through_is_a_leak(alpha, beta, superuser):
    table = f"{beta.schema_name}.django_migrations"
    superuser.execute(f"CREATE POLICY hole ON {table} TO nexus_app USING (true)")
    try:
        report = check_isolation()
    finally:
        superuser.execute(f"DROP POLICY hole ON {table}")

    assert f"{alpha.subdomain} reads {table}" in report.leaks


def test_a_table_made_by_hand_without_a_wall_is_found(alpha, superuser):
    superuser.execute(f"CREATE TABLE {alpha.schema_name}.stray (id int)")
    superuser.execute(f"ALTER TABLE {alpha.schema_name}.stray OWNER TO nexus_owner")
    try:
        findings = check_isolation().findings
    finally:
        superuser.execute(f"DROP TABLE {alpha.schema_name}.stray")

    assert f"{alpha.schema_name}.stray: row-level security is not forced" in findings
