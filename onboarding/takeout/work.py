"""The job "export": an archive of everything, asked for by the clinic's owner or by an operator."""

from __future__ import annotations

import uuid
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import IntegrityError

from audit.services import record
from onboarding.takeout.models import Takeout
from onboarding.takeout.progress import Progress
from onboarding.takeout.services import write_takeout
from onboarding.takeout.writing import NoRoomError
from tenants.ids import uuid7
from tenants.jobs import JobError, Kind, Step
from tenants.migrate import OWNER
from tenants.scope import Actor, tenant_scope
from tenants.storage import BLOCK, StorageUnavailableError, clinic_storage

if TYPE_CHECKING:
    from tenants.jobs import Work
    from tenants.models import Tenant


class JobProgress(Progress):
    """Counts for the job and for the clinic's own page; ends where the job is no longer wanted."""

    def __init__(self, tenant: Tenant, takeout_id: uuid.UUID, work: Work) -> None:
        self._work = work
        super().__init__(tenant, takeout_id, live=True)

    @property
    def done(self) -> int:
        return self._done

    @done.setter
    def done(self, done: int) -> None:
        self._done = done
        self._work.progress(done, getattr(self, "total", 0))


def _actor(work: Work) -> Actor:
    return Actor(label=work.job.asked_by)


def prepare(work: Work) -> None:
    """Have a row in which the clinic sees the export, whoever has asked for it."""
    if work.params.get("takeout"):
        work.keep(takeout=work.params["takeout"])
        return
    work.keep(takeout=work.notes.get("takeout") or str(uuid7()))
    wanted = {
        "with_files": bool(work.params.get("with_files", True)),
        "with_mark": bool(work.params.get("with_mark", True)),
        "asked_by": work.job.asked_by,
    }
    try:
        with tenant_scope(work.tenant, actor=_actor(work)):
            takeout, is_new = Takeout.objects.get_or_create(
                pk=work.notes["takeout"], defaults=wanted
            )
            if is_new:
                record(
                    "export",
                    object_type=Takeout._meta.db_table,
                    object_id=str(takeout.pk),
                    payload={"what": "everything", "with_files": takeout.with_files},
                )
    except IntegrityError:
        raise JobError("An export is being written already. Wait until it is ready.") from None


def write(work: Work) -> None:
    tenant, takeout_id = work.tenant, uuid.UUID(work.notes["takeout"])
    try:
        takeout = write_takeout(
            tenant,
            takeout_id,
            actor=_actor(work),
            using=OWNER,
            progress=JobProgress(tenant, takeout_id, work),
        )
    except Takeout.DoesNotExist:
        raise JobError("The row of this export is gone. Ask for another.") from None
    except (NoRoomError, StorageUnavailableError) as error:
        raise JobError(str(error)) from error
    work.finish(
        takeout=str(takeout.pk),
        rows=takeout.total,
        bytes=takeout.size,
        sha256=takeout.sha256,
        missing_files=takeout.missing_files,
    )


def hand_out(work: Work) -> None:
    """Copy the archive to where a command wants it; nobody else may name places on the server."""
    if not work.params.get("to"):
        return
    if work.job.asked_from != "command":
        raise JobError("Only a command on the server may have the archive written somewhere.")
    target = Path(work.params["to"])
    part = target.with_name(f".{target.name}.part")
    with tenant_scope(work.tenant):
        takeout = Takeout.objects.get(pk=work.notes["takeout"])
        stream = clinic_storage().stream(takeout.storage_key)
    try:
        with closing(stream), part.open("wb") as out:
            part.chmod(0o600)
            while block := stream.read(BLOCK):
                out.write(block)
        part.replace(target)
    except OSError as error:
        raise JobError(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    work.finish(to=str(target))


EXPORT = Kind(
    "export",
    "Export everything",
    (
        Step("prepare", "Entering it in the clinic's list", prepare),
        Step("write", "Writing tables, resources and files", write),
        Step("hand_out", "Handing it out", hand_out),
    ),
    from_clinic=True,
)
