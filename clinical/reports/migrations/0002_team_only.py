from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL

TABLES = ("reports_savedreport", "reports_reportfile")


class Migration(migrations.Migration):
    """Support coordinators see no reports, whatever query their request sends."""

    dependencies = [("reports", "0001_initial"), ("patients", "0003_assigned_only")]

    operations = [
        ClinicSQL(
            [
                f"CREATE POLICY assigned_only ON {{schema}}.{table} AS RESTRICTIVE FOR ALL "
                "TO nexus_app USING (NOT (SELECT {schema}.acts_for_assigned_only()))"
                for table in TABLES
            ],
            [f"DROP POLICY assigned_only ON {{schema}}.{table}" for table in TABLES],
        )
    ]
