"""The job "restore": a new clinic, with an id and an address of its own, from an archive."""

from __future__ import annotations

import hashlib
import mimetypes
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from audit.trails import trail_of
from audit.verification import verify
from onboarding.restore import building, settling
from onboarding.restore.archive import FILES, Archive, ArchiveError
from tenants import lifecycle, migrate
from tenants.isolation import check_isolation
from tenants.jobs import JobError, Kind, Step
from tenants.migrate import OWNER
from tenants.models import Domain, Tenant
from tenants.scope import public_scope, tenant_scope
from tenants.storage import StorageUnavailableError, clinic_storage, work_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenants.jobs import Work

State = Tenant.State
COPY = "A copy restored from an archive; the clinic itself goes on at its own address."
BEING_RESTORED = "It is being restored from an archive."


@contextmanager
def _archive(work: Work) -> Iterator[Archive]:
    """Open the job's archive; what is wrong with it ends the job in words."""
    try:
        with Archive(_path(work)) as archive:
            yield archive
    except ArchiveError as error:
        raise JobError(str(error)) from error


def _path(work: Work) -> Path:
    """Where the archive lies: in NEXUS_VAR/restore, by its name; for a command anywhere here."""
    named = Path(str(work.params.get("archive") or work.params.get("path") or ""))
    if work.job.asked_from != "command" and (named.is_absolute() or ".." in named.parts):
        raise JobError("Name a file in the folder “restore”, not a place elsewhere on the server.")
    return Path(settings.VAR) / "restore" / named


def check(work: Work) -> None:
    """Refuse what cannot be restored before anything is made."""
    subdomain = str(work.params.get("subdomain", ""))
    with _archive(work) as archive:
        if work.job.tenant_id is None:
            try:
                subdomain = lifecycle.check_subdomain(subdomain)
            except lifecycle.SubdomainError as error:
                raise JobError(str(error)) from error
            with public_scope(using=OWNER):
                if lifecycle.is_taken(subdomain):
                    raise JobError(f"“{subdomain}” is taken by a clinic. Choose another address.")
        is_older = building.check_versions(archive)
        archive.check(heard=work.progress)
        work.keep(is_older=is_older, archive=archive.said["archive"])


def reserve(work: Work) -> None:
    """Take the address; row and job are tied in one transaction, so no worker makes two."""
    if work.job.tenant_id is not None:
        return
    with _archive(work) as archive, public_scope(using=OWNER):
        was = archive.clinic
        try:
            tenant = lifecycle.reserve_tenant(
                name=str(work.params.get("name") or was["name"]),
                subdomain=str(work.params["subdomain"]),
                time_zone=was["time_zone"],
                accent=was["accent"],
                region=was["region"],
                plan=was["plan"],
                flags=was["flags"],
            )
        except lifecycle.SubdomainError as error:
            raise JobError(str(error)) from error
        work.adopt(tenant)


def build(work: Work) -> None:
    """Tables and rows; what a worker left half-done has left nothing."""
    tenant = _unopened(work)
    with _archive(work) as archive:
        compared = building.build_and_load(
            tenant.pk, archive, is_older=bool(work.notes.get("is_older")), heard=work.progress
        )
    migrate.record_heads(tenant.pk, migrate.heads_digest())
    with public_scope(using=OWNER):
        Domain.objects.get_or_create(
            domain=tenant.host, defaults={"tenant": tenant, "is_primary": True}
        )
    work.finish(compared=compared)


def settle(work: Work) -> None:
    tenant = _unopened(work)
    with _archive(work) as archive:
        is_copy = bool(work.params.get("is_copy")) or settling.goes_on(
            archive.clinic["id"], besides=tenant
        )
        settling.settle(
            tenant,
            archive,
            is_copy=is_copy,
            job_id=str(work.job.pk),
            asked_by=work.job.asked_by,
        )
    work.keep(is_copy=is_copy)
    work.finish(is_copy=is_copy)


def put_files(work: Work) -> None:
    """Put every file back where its rows say that it lies."""
    tenant = _unopened(work)
    with _archive(work) as archive:
        files = archive.files()
        for done, entry in enumerate(files):
            work.progress(done, len(files))
            try:
                _put_file(tenant, archive, entry["path"], entry["bytes"], entry["sha256"])
            except StorageUnavailableError as error:
                raise JobError(f"{error} Try again once the storage answers.") from error
    work.finish(files=len(files))


def _put_file(tenant: Tenant, archive: Archive, path: str, size: int, sha256: str) -> None:
    key = path.removeprefix(FILES)
    with tenant_scope(tenant):
        storage = clinic_storage()
        if storage.size_or_none(key) == size and size:
            return  # put there before a worker died: files appear whole or not at all
        part = work_dir("restore") / f"{hashlib.sha256(key.encode()).hexdigest()}.part"
    digest = hashlib.sha256()
    try:
        with part.open("wb") as out:
            for block in archive.blocks(path):
                digest.update(block)
                out.write(block)
        if digest.hexdigest() != sha256:
            raise ArchiveError(f"{path} was changed while it was restored. Ask for it again.")
        with tenant_scope(tenant):
            kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
            storage.adopt(part, key, media_type=kind)
    finally:
        part.unlink(missing_ok=True)


def prove(work: Work) -> None:
    """Try the walls of the new clinic and verify its trail, before anybody may come in."""
    tenant = _unopened(work)
    with public_scope(using=OWNER):
        Tenant.objects.filter(pk=tenant.pk).update(
            state=State.SUSPENDED, state_reason=BEING_RESTORED
        )
    report = check_isolation(subdomains=(tenant.subdomain,))
    mine = [
        *report.leaks,
        *(found for found in report.findings if tenant.subdomain in found
          or f"{tenant.schema_name}." in found),
    ]  # fmt: skip
    if mine:
        raise JobError(f"The walls of the restored clinic are not right: {'; '.join(mine[:5])}")
    verdict = verify(trail_of(tenant))
    work.finish(
        isolation={"checks": report.checks, "probes": report.probes, "leaks": len(report.leaks)},
        audit={
            "ok": verdict.ok,
            "seals": verdict.seals,
            "events": verdict.events,
            "found": dict(verdict.counts),
        },
    )


def open_door(work: Work) -> None:
    """Let the people in: to look only, where the clinic it is a copy of goes on."""
    tenant = work.tenant
    is_copy = bool(work.notes.get("is_copy"))
    with public_scope(using=OWNER):
        Tenant.objects.filter(pk=tenant.pk).update(
            state=State.READ_ONLY if is_copy else State.ACTIVE, state_reason=COPY if is_copy else ""
        )


def _unopened(work: Work) -> Tenant:
    """Answer the clinic, as long as nobody works in it: what is open is not written over."""
    tenant = work.tenant
    is_ours = tenant.state == State.SUSPENDED and tenant.state_reason == BEING_RESTORED
    if tenant.state != State.CREATING and not is_ours:
        raise JobError(f"{tenant.name} is open already; nothing is restored over it.")
    return tenant


RESTORE = Kind(
    "restore",
    "Restore a clinic",
    (
        Step("check", "Reading the archive to its end", check),
        Step("reserve", "Reserving the address", reserve),
        Step("build", "Building the tables and loading the rows", build),
        Step("settle", "Sealing secrets anew", settle),
        Step("files", "Putting files back", put_files),
        Step("prove", "Trying the walls, verifying the trail", prove),
        Step("open", "Opening the door", open_door),
    ),
)
