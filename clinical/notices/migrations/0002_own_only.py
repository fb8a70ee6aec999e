from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL

TABLES = ("notices_notice", "notices_pushsubscription")


class Migration(migrations.Migration):
    """Support coordinators see their own notices and devices, whatever query their request sends."""

    dependencies = [("notices", "0001_initial"), ("patients", "0003_assigned_only")]

    operations = [
        ClinicSQL(
            [
                f"CREATE POLICY own_only ON {{schema}}.{table} AS RESTRICTIVE FOR ALL "
                "TO nexus_app USING (NOT (SELECT {schema}.acts_for_assigned_only()) "
                "OR user_id::text = (SELECT current_setting('nexus.actor', true)))"
                for table in TABLES
            ],
            [f"DROP POLICY own_only ON {{schema}}.{table}" for table in TABLES],
        )
    ]
