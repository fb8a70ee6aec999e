"""What the database itself holds about reminders: who reads them.

Reception reads those of rules that are for reception; whatever a rule asks, only who reads notes can
have it asked.
"""

from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL, assigned_only

WALLS = [
    assigned_only("decision_support_prompt"),
    (
        "CREATE POLICY clinicians_or_desk ON {schema}.decision_support_prompt AS RESTRICTIVE "
        "FOR SELECT TO nexus_app USING ((SELECT {schema}.reads_notes()) OR is_for_desk)",
        "DROP POLICY clinicians_or_desk ON {schema}.decision_support_prompt",
    ),
]


class Migration(migrations.Migration):
    dependencies = [
        ("decision_support", "0001_initial"),
        ("patients", "0007_former_fields"),
        ("notes", "0002_walls"),
    ]

    operations = [
        ClinicSQL([up for up, _down in WALLS], [down for _up, down in WALLS]),
    ]
