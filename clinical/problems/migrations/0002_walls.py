"""What the database itself holds: who reads the lists, that wordings stay, how codes are found."""

from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL, assigned_only
from clinical.problems.functions import (
    HAND_OVER,
    KEEP_WORDINGS,
    SEARCH_CODES,
    SIGNATURE,
    clinicians_only,
)

TABLES = (
    "problems_problem",
    "problems_allergy",
    "problems_medication",
    "problems_noknownallergies",
    "problems_entryversion",
    "problems_listreview",
)
WALLS = [wall(table) for table in TABLES for wall in (assigned_only, clinicians_only)]


class Migration(migrations.Migration):
    dependencies = [
        ("problems", "0001_initial"),
        ("patients", "0007_former_fields"),
        ("notes", "0002_walls"),
    ]

    operations = [
        ClinicSQL(
            [
                *(up for up, _down in WALLS),
                SEARCH_CODES,
                *HAND_OVER,
                KEEP_WORDINGS,
                "CREATE TRIGGER problems_keep_wordings BEFORE UPDATE ON "
                "{schema}.problems_entryversion FOR EACH ROW "
                "EXECUTE FUNCTION {schema}.problems_keep_wordings()",
            ],
            [
                "DROP TRIGGER problems_keep_wordings ON {schema}.problems_entryversion",
                "DROP FUNCTION {schema}.problems_keep_wordings()",
                f"DROP FUNCTION {SIGNATURE}",
                *(down for _up, down in WALLS),
            ],
        )
    ]
