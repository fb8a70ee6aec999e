"""The jobs of this app: a backup, a drill, the nightly self-check, a clinic out of a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from onboarding.backups import drills, selfcheck, services, telling
from onboarding.backups.errors import BackupError
from onboarding.backups.models import Backup
from onboarding.backups.rebuilding import REBUILD
from tenants import jobs
from tenants.jobs import JobError, Kind, Step
from tenants.models import Tenant
from tenants.scope import public_scope

if TYPE_CHECKING:
    from tenants.jobs import Work

OWNER = "owner"


def register_kinds() -> None:
    """Make them known; called when the app is ready."""
    jobs.register(
        Kind(
            "backup",
            "Backup",
            (
                Step("write", "Writing the backup", _write),
                Step("verify", "Reading it back", _verify),
                Step("tidy", "Deleting what the policy lets go", _tidy),
            ),
            is_alone=False,
        )
    )
    jobs.register(
        Kind(
            "drill",
            "Restore drill",
            (
                Step("choose", "Choosing a clinic", _choose),
                Step("rehearse", "Backing up, restoring and comparing", _rehearse),
                Step("tell", "Telling the operators", _tell_of_drill),
            ),
            is_alone=False,
        )
    )
    jobs.register(
        Kind(
            "selfcheck",
            "Nightly self-check",
            (
                Step("platform", "Looking at the platform", selfcheck.look_at_platform),
                Step("clinics", "Looking at each clinic", selfcheck.look_at_clinics),
                Step("tell", "Telling the operators", selfcheck.tell),
            ),
            is_alone=False,
        )
    )
    jobs.register(REBUILD)


def _write(work: Work) -> None:
    """Write the backup; what a worker that died had begun is begun anew under the same row."""
    tenant = work.tenant if work.job.tenant_id else None
    if "backup" in work.notes:
        backup = _backup_of(work)
        with public_scope(using=OWNER):
            Backup.objects.filter(pk=backup.pk).update(state=Backup.State.RUNNING, problem="")
    else:
        backup = services.begin_backup(tenant, actor=work.job.asked_by)
        work.keep(backup=str(backup.pk))
    wants_files = bool(work.params.get("with_files", settings.BACKUP_FILES))
    try:
        done = services.write_backup(
            backup,
            with_files=wants_files,
            method=str(work.params.get("method") or ""),
            say=work.progress,
        )
    except BackupError as error:
        raise JobError(str(error)) from error
    work.finish(
        backup=str(done.pk), name=done.name, size=done.size, seconds=done.seconds, **done.counts
    )


def _verify(work: Work) -> None:
    try:
        found = services.verify_backup(_backup_of(work))
    except BackupError as error:
        raise JobError(str(error)) from error
    work.finish(verified=True, opened=found["opened"])


def _tidy(work: Work) -> None:
    try:
        work.finish(deleted=services.tidy_all())
    except BackupError as error:
        raise JobError(str(error)) from error


def _backup_of(work: Work) -> Backup:
    with public_scope(using=OWNER):
        return Backup.objects.get(pk=UUID(str(work.notes["backup"])))


def _choose(work: Work) -> None:
    if "clinic" in work.notes:
        return
    chosen = work.tenant if work.job.tenant_id else drills.choose_clinic()
    if chosen is None:
        raise JobError("There is no open clinic to rehearse with.")
    work.keep(clinic=chosen.pk)


def _rehearse(work: Work) -> None:
    with public_scope(using=OWNER):
        tenant = Tenant.objects.get(pk=work.notes["clinic"])
    try:
        drill = drills.rehearse(tenant, job_id=work.job.pk, say=work.progress)
    except BackupError as error:
        raise JobError(str(error)) from error
    work.finish(clinic=drill.subdomain, green=drill.is_green, words=drill.words, **drill.figures)


def _tell_of_drill(work: Work) -> None:
    if work.notes.get("told") or work.job.result.get("green", True):
        return
    work.keep(told=True)  # rather no second mail than two
    telling.mail_operators(
        f"The restore drill with {work.job.result['clinic']} is red",
        [str(work.job.result["words"])],
    )
