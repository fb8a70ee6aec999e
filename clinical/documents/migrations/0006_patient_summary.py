from __future__ import annotations

from django.db import migrations

from clinical.patients.summary_sql import summed_up

SUMMED_UP = summed_up(
    "documents_document",
    columns=(),
    figures=("documents",),
    query="SELECT one.id, count(d.id)::integer FROM unnest(ids) AS one (id) "
    "LEFT JOIN documents_document d ON d.patient_id = one.id GROUP BY one.id",
)


class Migration(migrations.Migration):
    dependencies = [("documents", "0005_former_fields"), ("patients", "0008_patient_summary")]

    operations = [SUMMED_UP]
