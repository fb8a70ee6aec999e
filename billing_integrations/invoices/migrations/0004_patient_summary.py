from __future__ import annotations

from django.db import migrations

from clinical.patients.summary_sql import summed_up

SUMMED_UP = summed_up(
    "invoices_pastinvoice",
    columns=("total_cents", "paid_cents"),
    figures=("balance_cents",),
    query="SELECT one.id, coalesce(sum(coalesce(i.total_cents, 0) - coalesce(i.paid_cents, 0)), 0) "
    "FROM unnest(ids) AS one (id) "
    "LEFT JOIN invoices_pastinvoice i ON i.patient_id = one.id GROUP BY one.id",
)


class Migration(migrations.Migration):
    dependencies = [("invoices", "0003_former_fields"), ("patients", "0008_patient_summary")]

    operations = [SUMMED_UP]
