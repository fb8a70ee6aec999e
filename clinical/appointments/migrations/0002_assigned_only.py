from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL, assigned_only

UP, DOWN = assigned_only("appointments_appointment")


class Migration(migrations.Migration):
    dependencies = [("appointments", "0001_initial"), ("patients", "0003_assigned_only")]

    operations = [ClinicSQL([UP], [DOWN])]
