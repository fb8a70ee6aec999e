from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL


class Migration(migrations.Migration):
    """Support coordinators neither see nor send files."""

    dependencies = [("documents", "0003_uploads")]

    operations = [
        ClinicSQL(
            [
                "CREATE POLICY assigned_only ON {schema}.documents_upload AS RESTRICTIVE FOR ALL "
                "TO nexus_app USING (NOT (SELECT {schema}.acts_for_assigned_only()))"
            ],
            ["DROP POLICY assigned_only ON {schema}.documents_upload"],
        )
    ]
