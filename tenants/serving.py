"""Whether this version of the code can work with a clinic's schema, known without a query of its own."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.db.models import OuterRef, Subquery

from tenants.migrate import can_be_served
from tenants.models import MigrationHead, Tenant

if TYPE_CHECKING:
    from django.db.models import QuerySet

RETRY_SECONDS = 20
"""After so long whoever was refused may ask again: one clinic's migration takes far less."""


def clinic_at(subdomain: str) -> Tenant | None:
    """Answer the clinic of an address, with its heads; in a shared scope.

    Every request asks this: Django takes three times as long to write the SQL as all the rest takes.
    """
    return next(iter(Tenant.objects.raw(_by_subdomain(), [subdomain])), None)


@cache
def _by_subdomain() -> str:
    sql, _parameters = with_heads(Tenant.objects.filter(subdomain="")).query.sql_with_params()
    return str(sql)


def with_heads(clinics: QuerySet[Tenant]) -> QuerySet[Tenant]:
    """Have the clinics' query say how far their schemas are."""
    head = MigrationHead.objects.filter(tenant_id=OuterRef("pk"))
    told: QuerySet[Tenant] = clinics.annotate(
        schema_heads=Subquery(head.values("heads")[:1]),
        schema_past=Subquery(head.values("past")[:1]),
    )
    return told


def is_behind(clinic: Tenant) -> bool:
    """Say whether the clinic, of a query `with_heads`, waits for a migration that this code needs."""
    heads = clinic.schema_heads
    return heads is not None and not can_be_served(heads, clinic.schema_past)
