"""What a restored clinic needs besides its rows: secrets of its own, and not to act twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connections
from django.utils import timezone

from audit.models import Event
from audit.services import record
from clinical.messages.models import NoticeSettings, ReminderRule
from connections.models import Connection, OutboxEntry
from onboarding.takeout.models import Takeout
from tenants import vault
from tenants.migrate import OWNER
from tenants.models import Tenant
from tenants.scope import Actor, public_scope, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenants.vault import FormerKey

NOT_HERE = "The file is not part of the archive this clinic was restored from."
A_COPY = "Not sent: this clinic is a copy of one that goes on."


@dataclass(frozen=True)
class Former:
    """The clinic that another is restored from, as the archive or the backup tells of it."""

    clinic_id: int
    address: str
    source: str
    """Which archive or backup it was, as the trail names it."""
    written_at: str
    keys: Sequence[FormerKey]
    bindings: Sequence[tuple[str, str]]
    """Vendors' accounts and the connections they led to: digest, connection."""


def goes_on(former_id: int, *, besides: Tenant) -> bool:
    """Say whether the clinic the archive is of is still here, beside the one restored from it."""
    with public_scope(using=OWNER):
        others = Tenant.objects.filter(pk=former_id).exclude(pk=besides.pk)
        return bool(others.exclude(state=Tenant.State.DELETED).exists())


def settle(tenant: Tenant, former: Former, *, is_copy: bool, job_id: str, asked_by: str) -> None:
    """Seal the secrets anew, end what belongs to the former clinic, put it on record. Safe to repeat.

    A copy of a clinic that goes on is disconnected: two clinics must not write to the same patients,
    or to the same account, each believing to be the only one.
    """
    with tenant_scope(tenant, actor=Actor(label=asked_by)):
        changed = dict(Connection.objects.values_list("pk", "changed_at"))
        vault.take_over(former.keys)
        for pk, at in changed.items():  # a new seal is no change of the connection
            Connection.objects.filter(pk=pk).update(changed_at=at)
        _end_exports()
        if is_copy:
            _disconnect()
        said = Event.objects.filter(action="restore", object_id=job_id)
        if not said.exists():
            record(
                "restore",
                object_type="tenants_job",
                object_id=job_id,
                payload={
                    "archive": former.source,
                    "written_at": former.written_at,
                    "former_clinic": former.clinic_id,
                    "former_address": former.address,
                    "is_copy": is_copy,
                },
            )
    if not is_copy:
        _bind(tenant, former.bindings)


def _end_exports() -> None:
    Takeout.objects.filter(state__in=Takeout.WORKING).update(
        state=Takeout.State.FAILED, problem=NOT_HERE, phase=""
    )
    Takeout.objects.filter(state=Takeout.State.READY).update(
        state=Takeout.State.DELETED, storage_key=""
    )


def _disconnect() -> None:
    now = timezone.now()
    OutboxEntry.objects.filter(state=OutboxEntry.State.WAITING).update(
        state=OutboxEntry.State.CANCELLED, problem=A_COPY, changed_at=now
    )
    Connection.objects.exclude(state=Connection.State.OFF).update(
        state=Connection.State.OFF, sealed="", problem=A_COPY, changed_at=now
    )
    ReminderRule.objects.filter(is_on=True).update(is_on=False)
    NoticeSettings.objects.filter(is_on=True).update(is_on=False)


def _bind(tenant: Tenant, bindings: Sequence[tuple[str, str]]) -> None:
    """Let vendors' accounts lead here, where they lead to nobody else."""
    with public_scope(using=OWNER), connections[OWNER].cursor() as cursor:
        for digest, connection_id in bindings:
            cursor.execute(
                "INSERT INTO tenants_vendorbinding (digest, tenant_id, connection_id) "
                "VALUES (%s, %s, %s) ON CONFLICT (digest) DO NOTHING",
                [digest, tenant.pk, connection_id],
            )
