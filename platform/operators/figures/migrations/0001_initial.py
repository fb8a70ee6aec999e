from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from clinical.patients.functions import ClinicSQL
from operators.figures.functions import CLINIC_FIGURES, NOBODY_ELSE_RUNS_IT, TAKE_AWAY


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar = [
        ("audit", "0001_initial"),
        ("connections", "0001_initial"),
        ("documents", "0001_initial"),
        ("imports", "0005_phases_corrections_verification"),
        ("takeout", "0001_initial"),
        ("threads", "0001_initial"),
    ]
    operations: ClassVar = [ClinicSQL([CLINIC_FIGURES, NOBODY_ELSE_RUNS_IT], [TAKE_AWAY])]
