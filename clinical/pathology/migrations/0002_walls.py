"""What the database itself holds about results: who reads what they say.

Reception files messages, so it writes lines it cannot read: the wall stands before reading only.
"""

from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL, assigned_only

UNSEEN = tuple(
    (
        f"CREATE POLICY clinicians_read ON {{schema}}.{table} AS RESTRICTIVE FOR SELECT TO nexus_app "
        "USING ((SELECT {schema}.reads_notes()))",
        f"DROP POLICY clinicians_read ON {{schema}}.{table}",
    )
    for table in ("pathology_resultvalue", "pathology_resultreview")
)
WALLS = [
    assigned_only("pathology_resultmessage"),
    assigned_only("pathology_resultreport"),
    *UNSEEN,
]


class Migration(migrations.Migration):
    dependencies = [
        ("pathology", "0001_initial"),
        ("patients", "0007_former_fields"),
        ("notes", "0002_walls"),
    ]

    operations = [
        ClinicSQL([up for up, _down in WALLS], [down for _up, down in WALLS]),
    ]
