from __future__ import annotations

from django.db import migrations

from clinical.patients.summary_sql import summed_up

_VISIT = """
    LEFT JOIN LATERAL (
        SELECT a.starts_at, a.practitioner_id FROM appointments_appointment a
        WHERE a.patient_id = one.id AND a.starts_at %s now()
          AND a.status NOT IN ('cancelled', 'late_cancellation', 'did_not_attend')
        ORDER BY a.starts_at %s, a.id %s LIMIT 1
    ) AS %s ON true"""

SUMMED_UP = summed_up(
    "appointments_appointment",
    columns=("starts_at", "status", "practitioner_id"),
    figures=("last_visit_at", "last_practitioner_id", "next_visit_at", "next_practitioner_id"),
    query="SELECT one.id, past.starts_at, past.practitioner_id, coming.starts_at, "
    "coming.practitioner_id FROM unnest(ids) AS one (id)"
    + _VISIT % ("<=", "DESC", "DESC", "past")
    + _VISIT % (">", "ASC", "ASC", "coming"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("appointments", "0005_groups_buffers_columns"),
        ("patients", "0008_patient_summary"),
    ]

    operations = [SUMMED_UP]
