from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL, assigned_only

WALLS = [assigned_only(table) for table in ("clinic_messages_reminder", "clinic_messages_message")]


class Migration(migrations.Migration):
    dependencies = [("clinic_messages", "0001_initial"), ("patients", "0003_assigned_only")]

    operations = [ClinicSQL([up for up, _ in WALLS], [down for _, down in WALLS])]
