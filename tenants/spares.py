"""Empty clinics built beforehand, so that a new clinic is opened at once: only its row is still to write.

A spare is a clinic's schema under a number that no clinic has yet. A worker keeps a few
(`tenants.keep_spares`); where none is left, or this version's tables are newer, a clinic is built while
its owner waits, as it always can be.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings

from tenants import migrate
from tenants.models import MigrationHead, Spare, Tenant
from tenants.scope import entered, public_scope, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable

BUILDING = 7_110_002
"""The advisory lock of whoever builds a spare."""
log = logging.getLogger(__name__)


def take() -> int | None:
    """Answer the number of a clinic whose empty tables stand, or None; nobody else gets it.

    The caller is in the owner's shared transaction, in which it writes the clinic's row.
    """
    while True:
        spare = (
            Spare.objects.select_for_update(skip_locked=True)
            .filter(heads=migrate.heads_digest())
            .order_by("pk")
            .first()
        )
        if spare is None:
            return None
        number = spare.pk
        spare.delete()
        # Shared tables out of a backup name spares that are not there.
        if migrate.stands(number) and not _is_clinic(number):
            migrate.record_heads(number, migrate.heads_digest())
            return number


def keep(wanted: int | None = None) -> int:
    """Build what is missing of so many spares, drop those of older tables; answers how many were built.

    Does nothing while the platform is at another version's tables: the rollout comes first, and what
    is left of a version before does not work against the next.
    """
    heads = migrate.heads_digest()
    with public_scope(using=migrate.OWNER):
        newest = MigrationHead.objects.filter(tenant_id=migrate.TEMPLATE_ID, heads=heads)
        if not newest.exists():
            return 0
        migrate.load_scripts(heads)
        old = list(Spare.objects.exclude(heads=heads).values_list("pk", flat=True))
    drop(old)
    built = 0
    while _build(heads, settings.SPARE_CLINICS if wanted is None else wanted):
        built += 1
    return built


def drop(numbers: Iterable[int]) -> None:
    """Drop spares, each in a transaction of its own; one that has become a clinic stays."""
    for number in numbers:
        with entered(migrate.tenant_scope_of_id(number)):
            migrate.execute("SET LOCAL lock_timeout = '2s'")
            if migrate.ask(
                "DELETE FROM public.tenants_spare WHERE tenant_id = %s AND NOT EXISTS "
                "(SELECT FROM public.tenants_tenant WHERE id = tenant_id) RETURNING 1",
                (number,),
            ):
                migrate.execute(f'DROP SCHEMA IF EXISTS "{schema_of(number)}" CASCADE')


def _build(heads: str, wanted: int) -> bool:
    """Build one spare, its row in the same transaction; says False where there are enough."""
    with public_scope(using=migrate.OWNER):
        if _count(heads) >= wanted:
            return False
        number = _new_number()
    with entered(migrate.tenant_scope_of_id(number)):
        [(is_alone,)] = migrate.ask("SELECT pg_try_advisory_xact_lock(%s)", (BUILDING,))
        if not is_alone or _count(heads) >= wanted:
            return False
        migrate.build_schema(number)
        migrate.ask(
            "INSERT INTO public.tenants_spare (tenant_id, heads, built_at) VALUES (%s, %s, now()) "
            "RETURNING 1",
            (number, heads),
        )
    migrate.let_go()
    return True


def _new_number() -> int:
    """Draw a number that no clinic has, wherever its tables stand: what is built there drops what was."""
    while True:
        [(number,)] = migrate.ask(
            "SELECT nextval(pg_get_serial_sequence('public.tenants_tenant', 'id'))", ()
        )
        if not (migrate.stands(number) or _is_clinic(number)):
            return int(number)
        log.error("Clinic %s is there already: the series of numbers is behind.", number)


def _count(heads: str) -> int:
    [(found,)] = migrate.ask("SELECT count(*) FROM public.tenants_spare WHERE heads = %s", (heads,))
    return int(found)


def _is_clinic(number: int) -> bool:
    return bool(Tenant.objects.filter(pk=number).exists())
