from __future__ import annotations

from django.conf import settings
from django.db import migrations

from clinical.patients.functions import ACTS_FOR_ASSIGNED_ONLY, ClinicSQL, assigned_only

WALLS = [
    assigned_only("patients_patient", "id"),
    assigned_only("patients_contactpoint"),
    assigned_only("patients_address"),
    assigned_only("patients_patientidentifier"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0002_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        ClinicSQL(
            [ACTS_FOR_ASSIGNED_ONLY, *(up for up, _down in WALLS)],
            [*(down for _up, down in WALLS), "DROP FUNCTION {schema}.acts_for_assigned_only()"],
        ),
    ]
