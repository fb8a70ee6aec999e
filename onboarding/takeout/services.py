"""The verbs of an export: ask for it, write it, fetch it, delete it."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.permissions import Action, Resource
from audit.services import record
from clinical.practice.rules import require
from onboarding.takeout.models import Takeout
from onboarding.takeout.progress import Progress, is_stale
from onboarding.takeout.writing import NoRoomError, TakeoutWriter
from tenants import jobs
from tenants.jobs import JobError
from tenants.migrate import OWNER
from tenants.scope import NOBODY, tenant_scope
from tenants.storage import BLOCK, StorageUnavailableError, clinic_storage, work_dir

if TYPE_CHECKING:
    import uuid
    from datetime import datetime
    from pathlib import Path

    from accounts.models import User
    from onboarding.takeout import writing
    from onboarding.takeout.writing import Written
    from tenants.models import Tenant
    from tenants.scope import Actor

log = logging.getLogger(__name__)
KEPT = timedelta(days=7)
State = Takeout.State


class TakeoutError(ValueError):
    """What was asked for cannot be done now; the message is for a person."""


class AnotherTakeoutError(TakeoutError):
    """One export at a time."""


def ask_for_takeout(*, actor: User, with_files: bool, with_mark: bool) -> Takeout:
    """Ask for an export of everything. The caller sends the task once this is kept."""
    require(actor, Action.EXPORT, Resource.IMPORTS)
    try:
        with transaction.atomic():
            takeout = Takeout.objects.create(
                with_files=with_files, with_mark=with_mark, asked_by=actor.name or actor.email
            )
    except IntegrityError:
        raise AnotherTakeoutError(
            "An export is being written already. Wait until it is ready."
        ) from None
    _note("export", takeout, what="everything", with_files=with_files)
    return takeout


def hand_over(takeout: Takeout, tenant: Tenant, *, actor: User) -> None:
    """Ask for the job that writes an export. Raises TakeoutError where the clinic is busy."""
    try:
        jobs.ask(
            "export",
            tenant,
            asked_by=actor.email,
            asked_from="clinic",
            takeout=str(takeout.pk),
            with_files=takeout.with_files,
        )
    except JobError as error:
        raise TakeoutError(str(error)) from None


def write_takeout(
    tenant: Tenant,
    takeout_id: uuid.UUID,
    *,
    actor: Actor = NOBODY,
    using: str = "default",
    progress: Progress | None = None,
) -> Takeout:
    """Write an export that was asked for, or go on where its worker died; outside every scope.

    `using` says with whose rights: the owner of the tables sees what no person of a role may. The
    job's claim sees to it that nobody else writes the same one. What is ready stays as it is.
    """
    with tenant_scope(tenant, actor=actor):
        takeout = Takeout.objects.select_for_update().get(pk=takeout_id)
        if takeout.state in {State.READY, State.DELETED}:
            return takeout
        takeout.state, takeout.heartbeat_at = State.WRITING, timezone.now()
        takeout.problem = ""
        takeout.save(update_fields=["state", "heartbeat_at", "problem"])
        path = _path_of(takeout)
    progress = progress or Progress(tenant, takeout.pk, live=False)
    try:
        with progress.beating():
            writer = TakeoutWriter(tenant, takeout, progress, actor=actor, using=using)
            written = writer.write(path, at=timezone.now())
            sha256, size = _measured(path)
            with tenant_scope(tenant, actor=actor):
                key = f"takeout/{takeout.pk}.zip"
                clinic_storage().adopt(path, key, media_type="application/zip")
        with tenant_scope(tenant, actor=actor):
            takeout.state, takeout.storage_key = State.READY, key
            takeout.sha256, takeout.size = sha256, size
            takeout.tables, takeout.missing_files = written.tables, len(written.missing)
            takeout.finished_at = timezone.now()
            takeout.expires_at = takeout.finished_at + KEPT
            takeout.done = takeout.total = sum(entry["rows"] for entry in written.tables)
            takeout.phase = ""
            takeout.save()
            _note("export.written", takeout, rows=takeout.total, bytes=size, sha256=sha256)
    except Exception as error:
        _fail(tenant, takeout, error, actor=actor)
        raise
    finally:
        path.unlink(missing_ok=True)
    return takeout


@dataclass(frozen=True)
class Choice:
    """What an export without a row of its own is to hold."""

    with_files: bool = True
    with_mark: bool = False


class Counter:
    """Counts for nobody."""

    phase, done, total = "", 0, 0


def export_to(
    tenant: Tenant,
    path: Path,
    *,
    with_files: bool = True,
    actor: Actor = NOBODY,
    progress: writing.Counter | None = None,
) -> Written:
    """Write a clinic's archive into a file, with the owner's rights; outside every scope.

    For backups, moves and commands: no row tells of it, so whoever calls puts it on record. The file
    appears whole or not at all. Raises NoRoomError, StorageUnavailableError.
    """
    part = path.with_name(f".{path.name}.part")
    choice = Choice(with_files=with_files)
    writer = TakeoutWriter(tenant, choice, progress or Counter(), actor=actor, using=OWNER)
    try:
        written = writer.write(part, at=timezone.now())
        part.chmod(0o600)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return written


def _path_of(takeout: Takeout) -> Path:
    """Where the export is put together, until it is whole and taken into storage."""
    return work_dir("takeout") / f"{takeout.pk}.part"


def _measured(path: Path) -> tuple[str, int]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest(), path.stat().st_size


def _fail(tenant: Tenant, takeout: Takeout, error: Exception, *, actor: Actor) -> None:
    known = isinstance(error, NoRoomError | StorageUnavailableError)
    log.warning("an export stopped with %s", type(error).__name__)
    problem = str(error) if known else "Something went wrong on our side. Ask for it again."
    with tenant_scope(tenant, actor=actor):
        Takeout.objects.filter(pk=takeout.pk, state=State.WRITING).update(
            state=State.FAILED, problem=problem, phase=""
        )


def note_download(takeout: Takeout) -> None:
    """Put on record that the actor of the scope took the export along."""
    _note("export.download", takeout, sha256=takeout.sha256, bytes=takeout.size)


@transaction.atomic
def delete_takeout(takeout: Takeout, *, actor: User) -> None:
    """Delete the file of an export before its time."""
    require(actor, Action.EXPORT, Resource.IMPORTS)
    if takeout.is_working:
        raise TakeoutError("The export is being written. Wait until it has ended.")
    _delete_file(takeout)


def tidy(*, now: datetime) -> int:
    """Delete what has had its time, and end what its worker has left, in the clinic in scope."""
    for takeout in Takeout.objects.filter(state__in=Takeout.WORKING):
        if is_stale(takeout, now=now):
            takeout.state = State.FAILED
            takeout.problem = "Its worker was stopped. Ask for it again."
            takeout.save(update_fields=["state", "problem"])
            _path_of(takeout).unlink(missing_ok=True)
    gone = 0
    for takeout in Takeout.objects.filter(state=State.READY, expires_at__lte=now):
        _delete_file(takeout)
        gone += 1
    return gone


def _delete_file(takeout: Takeout) -> None:
    if takeout.storage_key:
        clinic_storage().delete(takeout.storage_key)
    takeout.state, takeout.storage_key = State.DELETED, ""
    takeout.save(update_fields=["state", "storage_key"])
    _note("export.delete", takeout)


def _note(action: str, takeout: Takeout, **facts: object) -> None:
    record(
        action,
        object_type=Takeout._meta.db_table,
        object_id=str(takeout.pk),
        payload=facts or None,
    )
