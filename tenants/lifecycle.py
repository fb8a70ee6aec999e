"""The life of a clinic: made, suspended, brought back."""

from __future__ import annotations

import re

from django.conf import settings
from django.db import IntegrityError

from tenants import migrate
from tenants.models import SUBDOMAIN_PATTERN, Domain, MigrationHead, Tenant
from tenants.scope import entered, public_scope, schema_of

RESERVED_SUBDOMAINS = frozenset(
    """
    admin api app auth billing blog cdn console dashboard demo dev docs email ftp help host imap
    internal login mail nexus ns1 ns2 ops operator operators pop portal postmaster public root secure
    security signup smtp sso staff static status support sys system test www
    """.split()
)


class SubdomainError(ValueError):
    """The address cannot be had; the message says why and what would do."""


def check_subdomain(subdomain: str) -> str:
    """Answer the address in lower case, or raise SubdomainError with the reason."""
    subdomain = subdomain.strip().lower()
    if not re.fullmatch(SUBDOMAIN_PATTERN, subdomain):
        raise SubdomainError(
            "Use 3 to 40 of a–z, 0–9 and single hyphens, starting with a letter: northside-physio."
        )
    if subdomain in RESERVED_SUBDOMAINS or subdomain == settings.OPERATORS_SUBDOMAIN:
        raise SubdomainError(f"“{subdomain}” is kept for the platform. Choose another address.")
    return subdomain


def create_tenant(*, name: str, subdomain: str, time_zone: str = "Australia/Sydney") -> Tenant:
    """Make a clinic: its row, its schema, its host. Needs the owner's connection; takes under a second.

    A crash on the way leaves the row in state `creating`; `finish_creation` carries on from there.
    """
    subdomain = check_subdomain(subdomain)
    try:
        with public_scope(using=migrate.OWNER):
            migrate.load_scripts(migrate.heads_digest())  # before anything is written
            tenant = Tenant(name=name, subdomain=subdomain, time_zone=time_zone)
            tenant.schema_name = f"pending_{subdomain}"
            tenant.save()
            tenant.schema_name = schema_of(tenant.pk)
            tenant.save(update_fields=["schema_name"])
    except IntegrityError:
        raise SubdomainError(
            f"“{subdomain}” is taken by another clinic. Choose another address."
        ) from None
    return finish_creation(tenant)


def finish_creation(tenant: Tenant) -> Tenant:
    """Build the schema of a clinic in state `creating` and open it. Safe to run again."""
    if tenant.state != Tenant.State.CREATING:
        return tenant
    heads = migrate.heads_digest()
    with public_scope(using=migrate.OWNER):
        migrate.load_scripts(heads)
    with entered(migrate.tenant_scope_of_id(tenant.pk)):
        migrate.build_schema(tenant.pk)
    with public_scope(using=migrate.OWNER):
        tenant.state = Tenant.State.ACTIVE
        tenant.save(update_fields=["state"])
        Domain.objects.get_or_create(
            domain=tenant.host, defaults={"tenant": tenant, "is_primary": True}
        )
        MigrationHead.objects.update_or_create(tenant_id=tenant.pk, defaults={"heads": heads})
    return tenant


def suspend_tenant(tenant: Tenant) -> Tenant:
    """Close a clinic to its people; its data stay as they are."""
    return _set_state(tenant, Tenant.State.SUSPENDED)


def reactivate_tenant(tenant: Tenant) -> Tenant:
    return _set_state(tenant, Tenant.State.ACTIVE)


def _set_state(tenant: Tenant, state: Tenant.State) -> Tenant:
    tenant.state = state
    with public_scope(using=migrate.OWNER):
        tenant.save(update_fields=["state"])
    return tenant
