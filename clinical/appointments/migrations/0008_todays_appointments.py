from __future__ import annotations

from django.db import migrations, models

from clinical.patients.functions import ClinicSQL

VIEW = """
CREATE VIEW {schema}.mv_todays_appointments WITH (security_barrier = true, security_invoker = true)
AS SELECT a.id, a.patient_id, a.practitioner_id, a.location_id, a.appointment_type_id, a.starts_at,
    a.ends_at, a.status
FROM {schema}.appointments_appointment a
LEFT JOIN {schema}.practice_location l ON l.id = a.location_id
WHERE a.starts_at > now() - interval '26 hours' AND a.starts_at < now() + interval '26 hours'
  AND (coalesce(l.time_zone, '') = ''
       OR (a.starts_at AT TIME ZONE l.time_zone)::date = (now() AT TIME ZONE l.time_zone)::date)
"""
"""As whoever asks, so the policies of both tables hold; 26 hours hold today in every time zone."""


class Migration(migrations.Migration):
    dependencies = [("appointments", "0007_announced")]

    operations = [
        ClinicSQL(
            [
                VIEW,
                "REVOKE INSERT, UPDATE, DELETE ON {schema}.mv_todays_appointments FROM nexus_app",
            ],
            ["DROP VIEW {schema}.mv_todays_appointments"],
        ),
        migrations.CreateModel(
            name="TodaysAppointment",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("patient_id", models.UUIDField(null=True)),
                ("practitioner_id", models.UUIDField(null=True)),
                ("appointment_type_id", models.UUIDField(null=True)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("status", models.CharField()),
            ],
            options={
                "verbose_name": "appointment of today",
                "verbose_name_plural": "appointments of today",
                "db_table": "mv_todays_appointments",
                "ordering": ["starts_at", "id"],
                "managed": False,
            },
        ),
    ]
