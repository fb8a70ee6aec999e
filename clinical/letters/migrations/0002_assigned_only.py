from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL, assigned_only

WALLS = [assigned_only(table) for table in ("letters_letter",)]


class Migration(migrations.Migration):
    dependencies = [("letters", "0001_initial"), ("patients", "0003_assigned_only")]

    operations = [ClinicSQL([up for up, _ in WALLS], [down for _, down in WALLS])]
