"""Clinics with figures, without asking them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

WELL = {
    "users": 4, "invited": 1, "clinicians": 3, "locations": 1, "patients": 812, "appointments": 140,
    "tables_bytes": 9_000_000, "files_bytes": 4_000_000, "files": 31, "queue": 0, "sent_day": 40,
    "failed_day": 0, "unsealed": 2, "imports": [], "integrations": [],
}  # fmt: skip


@pytest.fixture
def figures():
    """Give a clinic figures: `figures(alpha, users=9)`; `age` is how long ago they were taken."""

    from operators.models import ClinicHealth
    from tenants.scope import platform_scope

    def give(clinic, *, age=timedelta(minutes=1), problem="", **changes):
        with platform_scope():
            ClinicHealth.objects.update_or_create(
                tenant_id=clinic.pk,
                defaults={
                    "figures": {**WELL, **changes},
                    "looked_at": timezone.now() - age,
                    "problem": problem,
                },
            )

    return give
