from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import (
    ACTS_FOR_ASSIGNED_ONLY,
    HAND_OVER_SEARCH,
    MISSPELLINGS,
    SEARCH_PATIENTS,
    SEARCH_SIGNATURE,
    ClinicSQL,
)


class Migration(migrations.Migration):
    dependencies = [("patients", "0001_initial")]

    operations = [
        ClinicSQL(
            [MISSPELLINGS, ACTS_FOR_ASSIGNED_ONLY, SEARCH_PATIENTS, *HAND_OVER_SEARCH],
            [
                f"DROP FUNCTION {SEARCH_SIGNATURE}",
                "DROP FUNCTION {schema}.misspellings",
                "DROP FUNCTION {schema}.acts_for_assigned_only",
            ],
        ),
    ]
