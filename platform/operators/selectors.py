"""Questions across clinics, answered from the catalogue and the shared tables.

The operators' role has no way into a clinic's schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connections

from tenants.migrate import heads_digest
from tenants.models import MigrationHead, Tenant
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class TenantRow:
    """One line of the list: the clinic, its schema's size in bytes, whether it is migrated."""

    tenant: Tenant
    size: int
    migrated: bool
    error: str

    @property
    def key(self) -> str:
        return str(self.tenant.pk)


SIZES = """
SELECT n.nspname, sum(pg_total_relation_size(c.oid))::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p') GROUP BY 1
"""


def list_tenants(*, search: str = "") -> Sequence[TenantRow]:
    """Answer all clinics that contain `search` in name or address, by name, in three queries."""
    tenants = Tenant.objects.all()
    if search:
        tenants = tenants.filter(name__icontains=search) | tenants.filter(
            subdomain__icontains=search
        )
    found = list(tenants)
    heads = {head.tenant_id: head for head in MigrationHead.objects.all()}
    newest = heads_digest()
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(SIZES, [[tenant.schema_name for tenant in found]])
        sizes = dict(cursor.fetchall())
    return [
        TenantRow(
            tenant=tenant,
            size=sizes.get(tenant.schema_name, 0),
            migrated=(head := heads.get(tenant.pk)) is not None and head.heads == newest,
            error=head.error if head else "",
        )
        for tenant in found
    ]
