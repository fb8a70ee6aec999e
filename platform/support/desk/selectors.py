"""Questions across clinics, from the copy that the operators' role may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from support.desk.models import Case
from tenants.scope import public_scope

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from tenants.models import Tenant

OPEN = ("asked", "granted")
OWNER = "owner"


def cases(*, tenant_id: int | None = None) -> QuerySet[Case]:
    """Answer the accesses of all clinics, or of one; newest first."""
    found = Case.objects.select_related("tenant")
    return found if tenant_id is None else found.filter(tenant_id=tenant_id)


def open_cases(*, tenant_id: int | None = None, at: datetime | None = None) -> QuerySet[Case]:
    """Answer those that wait for an answer or still run."""
    at = at or timezone.now()
    still = Q(state="asked") | Q(state="granted", ends_at__gt=at)
    return cases(tenant_id=tenant_id).filter(still, shut_at=None)


def get_case(pk: UUID) -> Case | None:
    return cases().filter(pk=pk).first()


def clinics_with_work(*, at: datetime) -> list[Tenant]:
    """Answer the clinics in which a mail waits or an access has run out; outside of every scope."""
    over = Q(state__in=OPEN) & (Q(ends_at__lte=at) | Q(shut_at__isnull=False))
    with public_scope(using=OWNER):
        due = Case.objects.select_related("tenant").filter(Q(letter_waits=True) | over)
        return list({case.tenant_id: case.tenant for case in due}.values())
