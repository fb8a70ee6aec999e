"""Questions about backups, drills and the nightly self-check.

All but `of_running_clinic` are asked in `platform_scope()`, or in `public_scope(using="owner")`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from onboarding.backups.models import Backup, Drill, SelfCheck
from tenants.scope import shared_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenants.models import Tenant

WORST_FIRST = (SelfCheck.Result.RED, SelfCheck.Result.AMBER, SelfCheck.Result.GREEN)


def whose(tenant_id: int | None) -> Q:
    """Choose the rows of a clinic, or (None) the platform's own."""
    return Q(tenant__isnull=True) if tenant_id is None else Q(tenant_id=tenant_id)


@dataclass(frozen=True)
class Kept:
    """What a clinic's owner may know of how the clinic is kept."""

    backup: Backup | None
    drill: Drill | None
    checks: list[SelfCheck]


OFFERED = 100


def clinics_can_come_from() -> list[Backup]:
    """Answer the newest backups a clinic can be restored from, newest first."""
    written = Backup.objects.filter(within=None, state=Backup.State.DONE, method="copy")
    whole = written.exclude(is_verified=False).filter(as_of__isnull=False)
    return list(whole.order_by("-began_at")[:OFFERED])


def latest_selfcheck(tenant: Tenant | None = None) -> list[SelfCheck]:
    """Answer the newest look at each thing, of a clinic or (None) of the platform, worst first."""
    newest = SelfCheck.objects.filter(tenant=tenant).order_by("check_name", "-at")
    return _worst_first(newest.distinct("check_name"))


def latest_selfchecks() -> list[SelfCheck]:
    """Answer the newest look at each thing of every clinic and of the platform, worst first."""
    newest = SelfCheck.objects.order_by("tenant_id", "check_name", "-at")
    return _worst_first(newest.distinct("tenant_id", "check_name").select_related("tenant"))


def selfcheck_by_clinic() -> dict[int | None, SelfCheck]:
    """Answer each clinic's worst newest look by its id; None is the platform's. One question."""
    worst: dict[int | None, SelfCheck] = {}
    for found in latest_selfchecks():
        worst.setdefault(found.tenant_id, found)
    return worst


def _worst_first(found: Iterable[SelfCheck]) -> list[SelfCheck]:
    return sorted(
        found,
        key=lambda one: (
            WORST_FIRST.index(SelfCheck.Result(one.result)),
            one.tenant_id or 0,
            one.check_name,
        ),
    )


def last_backups() -> dict[int | None, Backup]:
    """Answer the newest good backup of each clinic by its id, None for the platform's. One question.

    A clinic's part in a backup of the whole platform counts.
    """
    good = Backup.objects.filter(state=Backup.State.DONE).exclude(is_verified=False)
    newest = good.order_by("tenant_id", "-as_of").distinct("tenant_id")
    return {backup.tenant_id: backup for backup in newest}


def last_drills() -> dict[int, Drill]:
    """Answer the newest drill of each clinic by its id."""
    newest = Drill.objects.order_by("tenant_id", "-at").distinct("tenant_id")
    return {drill.tenant_id: drill for drill in newest}


def last_drill() -> Drill | None:
    """Answer the newest drill of any clinic."""
    return Drill.objects.order_by("-at").first()


def backups_of(tenant: Tenant | None, *, most: int = 50) -> list[Backup]:
    """Answer a clinic's backups, or (None) the platform's, newest first."""
    return list(Backup.objects.filter(tenant=tenant).order_by("-began_at")[:most])


def of_running_clinic() -> Kept:
    """Answer how the running clinic is kept, inside its scope: its own rows of the shared tables."""
    with shared_rows():
        backups = Backup.objects.raw(
            "SELECT * FROM public.backups_backup WHERE state = 'done' "
            "AND is_verified IS DISTINCT FROM false ORDER BY as_of DESC LIMIT 1"
        )
        drills = Drill.objects.raw("SELECT * FROM public.backups_drill ORDER BY at DESC LIMIT 1")
        checks = SelfCheck.objects.raw(
            "SELECT DISTINCT ON (check_name) * FROM public.backups_selfcheck "
            "ORDER BY check_name, at DESC"
        )
        return Kept(
            backup=next(iter(backups), None),
            drill=next(iter(drills), None),
            checks=_worst_first(list(checks)),
        )
