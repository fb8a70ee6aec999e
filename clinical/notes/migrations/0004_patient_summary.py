from __future__ import annotations

from django.db import migrations

from clinical.patients.summary_sql import summed_up

SUMMED_UP = summed_up(
    "notes_note",
    columns=("state",),
    figures=("unsigned_notes",),
    query="SELECT one.id, count(n.id)::integer FROM unnest(ids) AS one (id) "
    "LEFT JOIN notes_note n ON n.patient_id = one.id AND n.state = 'draft' GROUP BY one.id",
)


class Migration(migrations.Migration):
    dependencies = [
        ("notes", "0003_former_fields"),
        ("notes", "0003_recorded"),
        ("patients", "0008_patient_summary"),
    ]

    operations = [SUMMED_UP]
