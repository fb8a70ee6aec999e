"""The nightly drill: a clinic is backed up, restored beside itself, compared, and dropped again.

A backup that nobody has restored is a hope. The drill goes the whole way of a real one: through the
encryption, into the store of the backups, out of it, through the decryption, into a schema of its own.
Where backups are sealed for people, the drill's is sealed for a key besides that lives as long as it does.
"""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pyrage
from django.conf import settings
from django.utils import timezone

from onboarding.backups import writing
from onboarding.backups.errors import BackupError
from onboarding.backups.instant import backup_url, one_instant
from onboarding.backups.models import Drill
from onboarding.backups.places import place
from onboarding.backups.restoring import Restored, drop_schema, restore_clinic
from onboarding.backups.sealing import opened, sealer
from onboarding.backups.services import sealed_archive
from tenants.isolation import DRILL_ID
from tenants.isolation import _schema_shape as shape_of
from tenants.migrate import TEMPLATE_ID
from tenants.models import Tenant
from tenants.scope import public_scope

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterator

LOCK = 7_119_998
OWNER = "owner"
MOST_WORDS = 50


def choose_clinic() -> Tenant | None:
    """Draw one of the open clinics; None where there is none."""
    with public_scope(using=OWNER):
        open_ones = list(Tenant.objects.filter(state=Tenant.State.ACTIVE))
    return secrets.choice(open_ones) if open_ones else None


def rehearse(
    tenant: Tenant,
    *,
    job_id: uuid.UUID | None = None,
    say: Callable[[int, int], None] = lambda _done, _total: None,
) -> Drill:
    """Do the drill with one clinic and keep its result; outside every scope. Safe to run again.

    Whatever goes wrong on the way is a red result, not an error; what was built is dropped in any case.
    """
    differences: list[str] = []
    figures: dict[str, Any] = {}
    with _alone():
        try:
            restored, figures = _go_the_whole_way(tenant, job_id, say)
            differences = [*restored.differences, *_shape_differences(tenant)]
            words = _words(restored, differences)
        except (BackupError, psycopg.Error) as error:
            words = f"The drill broke off: {error}".partition("\n")[0]
            differences = [words[:300]]
        finally:
            drop_schema(DRILL_ID)
    facts = {
        "tenant_id": tenant.pk, "subdomain": tenant.subdomain, "is_green": not differences,
        "words": words[:500], "differences": differences[:MOST_WORDS], "figures": figures,
        "at": timezone.now(),
    }  # fmt: skip
    with public_scope(using=OWNER):
        drill, _made = Drill.objects.update_or_create(job_id=job_id, defaults=facts)
    return drill


def _words(restored: Restored, differences: list[str]) -> str:
    if differences:
        return f"{len(differences)} differences after the restore: {'; '.join(differences[:3])}"
    return (
        f"Restored and the same: {restored.tables} tables, {restored.rows} rows, "
        f"{restored.files} files, {restored.sequences} sequences, every wall."
    )


def _go_the_whole_way(
    tenant: Tenant, job_id: uuid.UUID | None, say: Callable[[int, int], None]
) -> tuple[Restored, dict[str, Any]]:
    identity = pyrage.x25519.Identity.generate() if settings.BACKUP_RECIPIENTS else None
    also_for = [identity.to_public()] if identity else []
    store, began = place(), time.monotonic()
    name = f"drills/{tenant.schema_name}-{job_id or 'now'}.tar.gz{sealer().ending}"
    try:
        with (
            one_instant(tenant.cluster) as instant,
            sealed_archive(store, name, at=instant.as_of.timestamp(), also_for=also_for) as (
                archive,
                out,
            ),
        ):
            writing.write_clinic(
                archive, instant, tenant.pk, tenant.subdomain, with_files=True, say=say
            )
        backed_up = time.monotonic()
        with (
            store.open(name) as source,
            opened(source, identities=[identity] if identity else []) as inside,
        ):
            restored = restore_clinic(inside, origin_id=tenant.pk, into_id=DRILL_ID)
    finally:
        store.delete(name)
    return restored, {
        "tables": restored.tables,
        "rows": restored.rows,
        "files": restored.files,
        "sequences": restored.sequences,
        "bytes": out.size,
        "backup_seconds": round(backed_up - began, 3),
        "restore_seconds": round(time.monotonic() - backed_up, 3),
    }


def _shape_differences(tenant: Tenant) -> list[str]:
    """Compare every column, constraint, index, policy, trigger, function and right of the two."""
    model = TEMPLATE_ID if tenant.cluster else tenant.pk  # that catalogue is another server's
    there = {
        line.replace(str(model), str(tenant.pk)).replace(str(tenant.pk), "#")
        for line in shape_of(model)
    }
    here = {line.replace(str(DRILL_ID), str(tenant.pk)) for line in shape_of(DRILL_ID)}
    here = {line.replace(str(tenant.pk), "#") for line in here}
    return [
        *(f"missing: {line[:200]}" for line in sorted(there - here)),
        *(f"too much: {line[:200]}" for line in sorted(here - there)),
    ]


@contextmanager
def _alone() -> Iterator[None]:
    """Keep two drills apart: they build in the same place. The lock ends with its connection."""
    with psycopg.connect(backup_url(), autocommit=True) as connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        if row is None or not row[0]:
            raise BackupError("Another drill is under way. Wait until it has ended.")
        yield
