from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from clinical.patients.functions import ClinicSQL
from operators.figures.functions import CLINIC_FIGURES


class Migration(migrations.Migration):
    """What a plan is measured by: clinicians and locations."""

    dependencies: ClassVar = [
        ("operators_figures", "0001_initial"),
        ("practice", "0001_initial"),
    ]
    operations: ClassVar = [ClinicSQL([CLINIC_FIGURES])]
