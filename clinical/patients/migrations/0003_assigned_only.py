from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL, assigned_only

WALLS = [
    assigned_only("patients_patient", "id"),
    assigned_only("patients_contactpoint"),
    assigned_only("patients_address"),
    assigned_only("patients_patientidentifier"),
]


class Migration(migrations.Migration):
    dependencies = [("patients", "0002_search")]

    operations = [
        ClinicSQL(
            [up for up, _down in WALLS],
            [down for _up, down in WALLS],
        ),
    ]
