"""Ask each clinic for its figures, inside its own scope, and keep them where the console reads.

The console never asks a clinic: it reads `operators_clinichealth`. Here the clinics' owner role runs
the one function that answers figures (`operators.figures.functions`), in a scope of that clinic.
"""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.utils import timezone

from operators.models import ClinicHealth
from tenants.faults import faults_of_a_day
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)
OWNER = "owner"
PATIENCE = "15s"
"""What one clinic's figures may take before the next one's turn comes."""
LOOKED_AT: tuple[str, ...] = (
    Tenant.State.ACTIVE,
    Tenant.State.READ_ONLY,
    Tenant.State.SUSPENDED,
    Tenant.State.MOVING,
    Tenant.State.ARCHIVED,
)


def look_at_every_clinic() -> int:
    """Take the figures of all clinics that have a schema; answers how many answered. No scope is open."""
    with public_scope(using=OWNER):
        tenants = list(Tenant.objects.filter(state__in=LOOKED_AT))
    return sum(look_at(tenants))


def look_at(tenants: Iterable[Tenant]) -> Iterable[bool]:
    """Take the figures of these clinics, one after the other; answers whether each was able to."""
    for tenant in tenants:
        began = time.monotonic()
        found: dict[str, Any] = {}
        problem = ""
        try:
            found = figures_of(tenant)
        except Exception as error:  # noqa: BLE001 - one clinic's trouble stops no other
            log.warning("the figures of clinic %s: %s", tenant.pk, type(error).__name__)
            problem = f"The clinic did not answer: {type(error).__name__}."
        _keep(tenant, found, problem, took_ms=round((time.monotonic() - began) * 1000))
        yield not problem


def figures_of(tenant: Tenant) -> dict[str, Any]:
    """Answer what the clinic says of itself now; outside every scope."""
    with tenant_scope(tenant, using=OWNER), connections[OWNER].cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [PATIENCE])
        cursor.execute("SELECT clinic_figures()")
        found = cursor.fetchone()[0]
        told = dict(json.loads(found) if isinstance(found, str) else found)
        return told | {"faults_day": faults_of_a_day()}


def _keep(tenant: Tenant, found: dict[str, Any], problem: str, *, took_ms: int) -> None:
    now = timezone.now()
    changes: dict[str, Any] = {
        "tried_at": now, "problem": problem, "took_ms": took_ms, "wanted_at": None,
    }  # fmt: skip
    if not problem:
        changes |= {"figures": found, "looked_at": now}
    with public_scope(using=OWNER):
        ClinicHealth.objects.update_or_create(tenant_id=tenant.pk, defaults=changes)
