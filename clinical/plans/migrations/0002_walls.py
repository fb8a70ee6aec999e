"""What the database itself holds about plans: who reads them."""

from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL, assigned_only
from clinical.problems.functions import clinicians_only

TABLES = ("plans_plan", "plans_plangoal", "plans_goalprogress", "plans_planreview")
WALLS = [assigned_only("plans_plan"), *(clinicians_only(table) for table in TABLES)]


class Migration(migrations.Migration):
    dependencies = [
        ("plans", "0001_initial"),
        ("patients", "0007_former_fields"),
        ("notes", "0002_walls"),
    ]

    operations = [
        ClinicSQL([up for up, _down in WALLS], [down for _up, down in WALLS]),
    ]
