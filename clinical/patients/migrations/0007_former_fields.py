from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import FOLD_FORMER, ClinicSQL, former_search


class Migration(migrations.Migration):
    dependencies = [("patients", "0006_coordinator_since")]

    operations = [
        ClinicSQL([FOLD_FORMER], ["DROP FUNCTION {schema}.fold_former"]),
        former_search("patients_patient", patient="id"),
    ]
