"""The life of a clinic: made, renamed, closed, brought back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from tenants import migrate, spares
from tenants.models import SUBDOMAIN_PATTERN, Domain, Tenant
from tenants.scope import entered, public_scope, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable

RESERVED_SUBDOMAINS = frozenset(
    """
    admin api app auth billing blog cdn console dashboard demo dev docs email ftp help host imap
    internal login mail nexus ns1 ns2 ops operator operators pop portal postmaster public root secure
    security signup smtp sso staff static status support sys system test www
    """.split()
)
KEPT_FREE = timedelta(days=365)
"""So long nobody gets the address of a deleted clinic: old links and mail still name it."""

State = Tenant.State


class SubdomainError(ValueError):
    """The address cannot be had; the message says why and what would do."""


class StateError(ValueError):
    """The clinic is not in a state from which this can be done; the message is for a person."""


# ── addresses ────────────────────────────────────────────────────────────────────────────────────


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


def is_taken(subdomain: str, *, by_others_than: Tenant | None = None) -> bool:
    """Say whether a clinic has the address, or had it once: an old address leads on to its clinic.

    The caller is in a shared scope. An address of a deleted clinic is free again after a year.
    """
    over = Q(state=State.DELETED, deleted_at__lt=timezone.now() - KEPT_FREE)
    clinics = Tenant.objects.filter(subdomain=subdomain).exclude(over)
    hosts = Domain.objects.filter(domain=_host(subdomain)).exclude(
        Q(tenant__state=State.DELETED, tenant__deleted_at__lt=timezone.now() - KEPT_FREE)
    )
    if by_others_than is not None:
        clinics = clinics.exclude(pk=by_others_than.pk)
        hosts = hosts.exclude(tenant_id=by_others_than.pk)
    return bool(clinics.exists() or hosts.exists())


def _host(subdomain: str) -> str:
    return f"{subdomain}.{settings.BASE_DOMAIN}"


def _taken(subdomain: str) -> SubdomainError:
    return SubdomainError(f"“{subdomain}” is taken by another clinic. Choose another address.")


def _free_of_the_deleted(subdomain: str) -> None:
    """Take the address away from a clinic that has been gone for long enough."""
    gone = Tenant.objects.filter(subdomain=subdomain, state=State.DELETED).first()
    if gone is not None:
        Tenant.objects.filter(pk=gone.pk).update(subdomain=f"gone-{gone.pk}")
    Domain.objects.filter(domain=_host(subdomain), tenant__state=State.DELETED).delete()


def moved_to(subdomain: str) -> Tenant | None:
    """Answer the clinic whose address this was before it was renamed; in a shared scope."""
    found = (
        Domain.objects.filter(domain=_host(subdomain), is_primary=False)
        .exclude(tenant__state__in=[State.DELETED, State.CREATING])
        .select_related("tenant")
        .first()
    )
    return found.tenant if found is not None else None


def rename_tenant(tenant: Tenant, *, subdomain: str) -> Tenant:
    """Give a clinic another address; the old one leads there, and no other clinic ever gets it.

    Safe to run again. Raises SubdomainError.
    """
    subdomain = check_subdomain(subdomain)
    try:
        with public_scope(using=migrate.OWNER):
            tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
            if is_taken(subdomain, by_others_than=tenant):
                raise _taken(subdomain)
            _free_of_the_deleted(subdomain)
            hosts = Domain.objects.filter(tenant=tenant)
            Domain.objects.get_or_create(
                domain=tenant.host, defaults={"tenant": tenant, "is_primary": False}
            )
            hosts.update(is_primary=False)
            tenant.subdomain = subdomain
            tenant.save(update_fields=["subdomain"])
            Domain.objects.update_or_create(
                domain=tenant.host, defaults={"tenant": tenant, "is_primary": True}
            )
    except IntegrityError:
        raise _taken(subdomain) from None
    return tenant


# ── making ───────────────────────────────────────────────────────────────────────────────────────


def create_tenant(*, name: str, subdomain: str, time_zone: str = "Australia/Sydney") -> Tenant:
    """Make a clinic: its row, its schema, its host. Needs the owner's connection.

    Takes hundredths of a second where a spare stands ready (`tenants.spares`), else about one.

    A crash on the way leaves the row in state `creating`; `finish_creation` carries on from there.
    """
    return finish_creation(reserve_tenant(name=name, subdomain=subdomain, time_zone=time_zone))


def reserve_tenant(
    *, name: str, subdomain: str, time_zone: str, spare: bool = True, **fields: object
) -> Tenant:
    """Write the row of a clinic that is to be built; raises SubdomainError where the address is taken.

    It gets the tables of a spare where there is one. `spare=False`: the caller builds others.
    """
    subdomain = check_subdomain(subdomain)
    try:
        with public_scope(using=migrate.OWNER):
            migrate.load_scripts(migrate.heads_digest())  # before anything is written
            if is_taken(subdomain):
                raise _taken(subdomain)
            _free_of_the_deleted(subdomain)
            tenant = Tenant(name=name, subdomain=subdomain, time_zone=time_zone, **fields)
            tenant.pk = spares.take() if spare else None
            tenant.schema_name = f"pending_{subdomain}"
            tenant.save(force_insert=True)
            tenant.schema_name = schema_of(tenant.pk)
            tenant.save(update_fields=["schema_name"])
    except IntegrityError:
        raise _taken(subdomain) from None
    return tenant


def finish_creation(tenant: Tenant) -> Tenant:
    """Build the schema of a clinic in state `creating` and open it. Safe to run again."""
    if tenant.state != State.CREATING:
        return tenant
    build_empty(tenant)
    with public_scope(using=migrate.OWNER):
        tenant.state = State.ACTIVE
        tenant.save(update_fields=["state"])
    return tenant


def build_empty(tenant: Tenant) -> None:
    """Build the empty schema of a clinic that nobody works in yet, and give it its host.

    Where it stands already nothing is built: a spare has become the clinic's, or an attempt before
    ended there.
    """
    heads = migrate.heads_digest()
    with public_scope(using=migrate.OWNER):
        migrate.load_scripts(heads)
        is_built = migrate.is_built(tenant.pk, heads)
    if not is_built:
        with entered(migrate.tenant_scope_of_id(tenant.pk)):
            migrate.build_schema(tenant.pk)
    with public_scope(using=migrate.OWNER):
        Domain.objects.get_or_create(
            domain=tenant.host, defaults={"tenant": tenant, "is_primary": True}
        )
        migrate.record_heads(tenant.pk, heads)
    if not is_built:
        migrate.let_go()


# ── open, read-only, closed ──────────────────────────────────────────────────────────────────────


def suspend_tenant(tenant: Tenant) -> Tenant:
    """Close a clinic to its people; its data stay as they are."""
    return _set_state(tenant, State.SUSPENDED)


def reactivate_tenant(tenant: Tenant) -> Tenant:
    return _set_state(tenant, State.ACTIVE)


def _set_state(tenant: Tenant, state: Tenant.State) -> Tenant:
    tenant.state = state
    with public_scope(using=migrate.OWNER):
        tenant.save(update_fields=["state"])
    return tenant


def change_state(
    tenant: Tenant,
    state: Tenant.State,
    *,
    among: Iterable[str],
    reason: str = "",
    using: str = migrate.OWNER,
) -> Tenant:
    """Bring a clinic into a state from one of others; being there already is no error.

    `reason` is what the clinic's people read. Raises StateError.
    """
    with public_scope(using=using):
        tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        if tenant.state not in {state, *among}:
            raise StateError(
                f"{tenant.name} is “{tenant.get_state_display().lower()}” now: "
                "that has to come to its end first."
            )
        tenant.state, tenant.state_reason = state, reason[:300]
        tenant.save(update_fields=["state", "state_reason"])
    return tenant
