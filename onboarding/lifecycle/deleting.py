"""Steps of deleting a clinic: closed at once, destroyed after a time in which it can be called off."""

from __future__ import annotations

import logging
import shutil
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import redis
from django.conf import settings
from django.db import connections
from django.utils import timezone

from billing_integrations.storage.places import connection_in_use
from onboarding.lifecycle import certificates
from onboarding.lifecycle.states import IN_USE, change
from onboarding.signup.models import Signup
from tenants import lifecycle, migrate, vault
from tenants.checksums import tables_of_clinic
from tenants.jobs import OWNER, JobError
from tenants.models import DataKey, Job, MigrationHead, Tenant, VendorBinding
from tenants.scope import current_scope, public_scope, tenant_scope
from tenants.storage import platform_storage, work_dir

if TYPE_CHECKING:
    from tenants.jobs import Work

log = logging.getLogger(__name__)
State = Tenant.State

DAYS = 30
"""Of grace, where neither the settings (CLINIC_GRACE_DAYS) nor who asks says otherwise."""
EXPORT_IS_FRESH = timedelta(days=14)
CLOSES_FROM = (*IN_USE, State.ARCHIVED, State.CREATING)


def is_unverified(params: dict[str, Any]) -> bool:
    """Say whether a sign-up that nobody confirmed is swept: that takes one person and no grace."""
    return params.get("unverified") is True


# ── before anything is lost ──────────────────────────────────────────────────────────────────────────


def check(work: Work) -> None:
    """Refuse what was not meant, or not allowed."""
    tenant, params = work.tenant, work.params
    if tenant.state == State.DELETED:
        raise JobError("This clinic has been deleted already.")
    if tenant.cluster:
        raise JobError(
            f"{tenant.name} stands in the database “{tenant.cluster}”. Move it back to main, then "
            "delete it: only there is all of it found."
        )
    if tenant.state not in (*CLOSES_FROM, State.DELETING):
        raise JobError(f"{tenant.name} is being worked at. Wait until that has ended.")
    if is_unverified(params):
        _check_unverified(tenant)
    elif params.get("confirm") != tenant.subdomain:
        raise JobError(f"To confirm it, the clinic's address has to be typed: {tenant.subdomain}.")
    if params.get("export_first") and not _has_export(tenant):
        raise JobError(
            "An export of everything was wanted first, and there is none from the last two weeks. "
            "Export the clinic, then ask again."
        )


def _check_unverified(tenant: Tenant) -> None:
    if tenant.verified_at is not None or tenant.went_live_at is not None:
        raise JobError(
            "Somebody has confirmed this clinic: it is deleted by two people, with grace."
        )
    if _has_schema(tenant) and _has_patients(tenant):
        raise JobError("This clinic has patients: it is deleted by two people, with grace.")


def _has_schema(tenant: Tenant) -> bool:
    with public_scope(using=OWNER):
        return migrate.stands(tenant.pk)


def _has_patients(tenant: Tenant) -> bool:
    with tenant_scope(tenant, using=OWNER), connections[current_scope().alias].cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM patients_patient)")
        return bool(cursor.fetchone()[0])


def _has_export(tenant: Tenant) -> bool:
    since = timezone.now() - EXPORT_IS_FRESH
    with public_scope(using=OWNER):
        exports = Job.objects.filter(tenant_id=tenant.pk, kind="export", state=Job.State.DONE)
        return exports.filter(finished_at__gte=since).exists()


def close(work: Work) -> None:
    """Close the clinic at once, and say on its door when it will be gone."""
    tenant = work.tenant
    if "state_before" not in work.notes:
        now = timezone.now()
        work.keep(
            state_before=tenant.state,
            reason_before=tenant.state_reason,
            closed_at=f"{now:%-d %B %Y, %H:%M} UTC",
            until=(now + _grace(work.params)).isoformat(),
        )
    until = datetime.fromisoformat(work.notes["until"])
    change(
        work,
        State.DELETING,
        among=CLOSES_FROM,
        reason=f"All its records will be destroyed on {until:%-d %B %Y}.",
    )
    work.finish(destroyed_on=until.date().isoformat())


def _grace(params: dict[str, Any]) -> timedelta:
    if is_unverified(params):
        return timedelta()
    default = getattr(settings, "CLINIC_GRACE_DAYS", DAYS)
    days = params.get("days", default)
    if not isinstance(days, int) or days < 0:
        raise JobError("The days of grace are a whole number.")
    return timedelta(days=days)


def wait(work: Work) -> None:
    """Leave time in which it can be called off."""
    work.wait_until(datetime.fromisoformat(work.notes["until"]))


def call_off(job: Job, what: str) -> None:
    """Open a clinic again whose deletion was cancelled before anything was lost; for `jobs.listen`."""
    if job.kind != "delete" or what != "cancelled" or job.tenant_id is None:
        return
    using = OWNER if OWNER in settings.DATABASES else "platform"
    with public_scope(using=using):
        job = Job.objects.get(pk=job.pk)
        tenant = Tenant.objects.get(pk=job.tenant_id)
    if tenant.state == State.DELETING:
        lifecycle.change_state(
            tenant,
            State(job.notes.get("state_before") or State.ACTIVE),
            among=[State.DELETING],
            reason=str(job.notes.get("reason_before") or ""),
            using=using,
        )


# ── from here on there is no way back ──────────────────────────────────────────────────────────────────


def count(work: Work) -> None:
    """Write down what there is, for the certificate: afterwards nobody can tell."""
    if "tables" in work.notes:
        return
    tenant = work.tenant
    found: dict[str, Any] = {
        "name": tenant.name,
        "address": tenant.host,
        "schema": tenant.schema_name,
        "tables": {},
        "own_bucket": False,
    }
    if _has_schema(tenant):
        with tenant_scope(tenant, using=OWNER):
            found["tables"] = {table: _rows(table) for table in tables_of_clinic()}
            found["own_bucket"] = connection_in_use() is not None
    found["files"], found["bytes"] = _files(tenant)
    with public_scope(using=OWNER):
        keys = DataKey.objects.filter(tenant_id=tenant.pk).values_list("pk", flat=True)
        found["keys"] = [str(pk) for pk in keys]
        found["bindings"] = VendorBinding.objects.filter(tenant_id=tenant.pk).count()
    work.keep(**found)


def _rows(table: str) -> int:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 - a name of the catalogue
        return int(cursor.fetchone()[0])


def _files(tenant: Tenant) -> tuple[int, int]:
    storage, files, size = platform_storage(), 0, 0
    with tenant_scope(tenant):
        for name in storage.names_below(""):
            files, size = files + 1, size + (storage.size_or_none(name) or 0)
    return files, size


def shred(work: Work) -> None:
    """Drop the keys first: whatever is left of a crash from here on opens nowhere."""
    tenant = work.tenant
    vault.shred(tenant)
    with public_scope(using=OWNER):
        VendorBinding.objects.filter(tenant_id=tenant.pk).delete()


def delete_files(work: Work) -> None:
    """Delete what is stored with the platform. A clinic's own bucket is the clinic's."""
    storage, total = platform_storage(), int(work.notes["files"])
    with tenant_scope(work.tenant):
        for done, name in enumerate(list(storage.names_below("")), start=1):
            storage.delete(name)
            work.progress(done, total)
        folder = work_dir()
    shutil.rmtree(folder, ignore_errors=True)
    left, _size = _files(work.tenant)
    if left:
        raise JobError(f"{left} files could not be deleted. Try again.")


def drop(work: Work) -> None:
    """Drop the tables, and forget the clinic wherever else it stands."""
    tenant = work.tenant
    with public_scope(using=OWNER), connections[OWNER].cursor() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{tenant.schema_name}" CASCADE')
    with public_scope(using=OWNER):
        MigrationHead.objects.filter(tenant_id=tenant.pk).delete()
        Signup.objects.filter(clinic_id=tenant.pk).delete()
    _forget_in_cache(tenant)


def _forget_in_cache(tenant: Tenant) -> None:
    store = redis.Redis.from_url(settings.REDIS_URL)
    try:
        keys = list(store.scan_iter(match=f"t{tenant.pk}:*", count=1000))
        if keys:
            store.delete(*keys)
    except redis.RedisError:
        log.warning("the cache did not answer; what it holds of the clinic ends by itself")
    finally:
        store.close()


def certify(work: Work) -> None:
    """Issue the certificate, and leave of the clinic its number and its address, which nobody gets."""
    made = certificates.issue(work.job, dict(work.notes))
    with public_scope(using=OWNER):
        Tenant.objects.filter(pk=work.job.tenant_id).exclude(state=State.DELETED).update(
            state=State.DELETED,
            name=f"Deleted clinic {work.job.tenant_id}",
            state_reason="",
            flags={},
            cluster="",
            deleted_at=timezone.now(),
        )
    work.finish(
        certificate=str(made.pk),
        sha256=made.sha256,
        rows=made.facts["rows"],
        files=made.facts["files"],
        keys=len(made.facts["keys"]),
        backups_until=made.facts["backups_until"],
    )
