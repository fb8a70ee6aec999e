from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import (
    FOLLOW_MERGES,
    HAND_OVER_SEARCH,
    SEARCH_PATIENTS,
    SEARCH_SIGNATURE,
    SEARCH_THROUGH_MERGES,
    ClinicSQL,
)

RECORDS_SIGNATURE = SEARCH_SIGNATURE.replace("search_patients", "search_records")


class Migration(migrations.Migration):
    dependencies = [("patients", "0004_merging")]

    operations = [
        ClinicSQL(
            [
                f"DROP FUNCTION {SEARCH_SIGNATURE}",
                SEARCH_THROUGH_MERGES,
                *(step.replace("search_patients", "search_records") for step in HAND_OVER_SEARCH),
                FOLLOW_MERGES,
                f"REVOKE ALL ON FUNCTION {SEARCH_SIGNATURE} FROM PUBLIC",
                f"GRANT EXECUTE ON FUNCTION {SEARCH_SIGNATURE} TO nexus_app",
            ],
            [
                f"DROP FUNCTION {SEARCH_SIGNATURE}",
                f"DROP FUNCTION {RECORDS_SIGNATURE}",
                SEARCH_PATIENTS,
                *HAND_OVER_SEARCH,
            ],
        ),
    ]
