"""The job "restore": a new clinic, with an id and an address of its own, from an archive."""

from __future__ import annotations

import hashlib
import mimetypes
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from collections.abc import Iterable, Iterator, Mapping

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
    check_address(work)
    with _archive(work) as archive:
        is_older = building.check_versions(archive)
        archive.check(heard=work.progress)
        work.keep(is_older=is_older, archive=archive.said["archive"])


def check_address(work: Work) -> None:
    """Refuse an address that the new clinic cannot have."""
    if work.job.tenant_id is not None:
        return
    try:
        subdomain = lifecycle.check_subdomain(str(work.params.get("subdomain", "")))
    except lifecycle.SubdomainError as error:
        raise JobError(str(error)) from error
    with public_scope(using=OWNER):
        if lifecycle.is_taken(subdomain):
            raise JobError(f"“{subdomain}” is taken by a clinic. Choose another address.")


def reserve(work: Work) -> None:
    if work.job.tenant_id is None:
        with _archive(work) as archive:
            reserve_as(work, archive.clinic)


def reserve_as(work: Work, was: Mapping[str, Any]) -> None:
    """Take the address; row and job are tied in one transaction, so no worker makes two."""
    with public_scope(using=OWNER):
        try:
            tenant = lifecycle.reserve_tenant(
                name=str(work.params.get("name") or was["name"]),
                subdomain=str(work.params["subdomain"]),
                time_zone=was["time_zone"],
                spare=False,
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
    tenant = unopened(work)
    with _archive(work) as archive:
        compared = building.build_and_load(
            tenant.pk, archive, is_older=bool(work.notes.get("is_older")), heard=work.progress
        )
    name_host(tenant)
    work.finish(compared=compared)


def name_host(tenant: Tenant) -> None:
    """Say that the built schema is at this version's migrations, and where the clinic is found."""
    migrate.record_heads(tenant.pk, migrate.heads_digest())
    with public_scope(using=OWNER):
        Domain.objects.get_or_create(
            domain=tenant.host, defaults={"tenant": tenant, "is_primary": True}
        )


def settle(work: Work) -> None:
    tenant = unopened(work)
    with _archive(work) as archive:
        former = settling.Former(
            clinic_id=archive.clinic["id"],
            address=archive.clinic["subdomain"],
            source=archive.said["archive"],
            written_at=archive.said["written_at"],
            keys=archive.keys(),
            bindings=archive.bindings(),
        )
    settle_as(work, tenant, former)


def settle_as(work: Work, tenant: Tenant, former: settling.Former) -> None:
    """Settle what the clinic was into what it is now; a copy where the former one goes on."""
    is_copy = bool(work.params.get("is_copy")) or settling.goes_on(former.clinic_id, besides=tenant)
    settling.settle(
        tenant, former, is_copy=is_copy, job_id=str(work.job.pk), asked_by=work.job.asked_by
    )
    work.keep(is_copy=is_copy)
    work.finish(is_copy=is_copy)


def put_files(work: Work) -> None:
    """Put every file back where its rows say that it lies."""
    tenant = unopened(work)
    with _archive(work) as archive:
        files = archive.files()
        for done, entry in enumerate(files):
            work.progress(done, len(files))
            key = entry["path"].removeprefix(FILES)
            with tenant_scope(tenant):
                size = clinic_storage().size_or_none(key)
            if size == entry["bytes"] and size:
                continue  # put there before a worker died: files appear whole or not at all
            put_file(tenant, key, archive.blocks(entry["path"]), sha256=entry["sha256"])
    work.finish(files=len(files))


def put_file(
    tenant: Tenant, key: str, blocks: Iterable[bytes], *, sha256: str = ""
) -> tuple[int, str]:
    """Put a file into a clinic's storage; answers its size and SHA-256.

    Raises JobError, and nothing is put, where its bytes are not those of `sha256`.
    """
    with tenant_scope(tenant):
        part = work_dir("restore") / f"{hashlib.sha256(key.encode()).hexdigest()}.part"
    digest, size = hashlib.sha256(), 0
    try:
        with part.open("wb") as out:
            for block in blocks:
                digest.update(block)
                size += out.write(block)
        if sha256 and digest.hexdigest() != sha256:
            raise JobError(f"{key} was changed while it was restored. Ask for it again.")
        with tenant_scope(tenant):
            kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
            clinic_storage().adopt(part, key, media_type=kind)
    except StorageUnavailableError as error:
        raise JobError(f"{error} Try again once the storage answers.") from error
    finally:
        part.unlink(missing_ok=True)
    return size, digest.hexdigest()


def prove(work: Work) -> None:
    """Try the walls of the new clinic and verify its trail, before anybody may come in."""
    tenant = unopened(work)
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


def unopened(work: Work) -> Tenant:
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
