"""The steps of an import as background work. Delivered twice, the second finds nothing to do."""

from __future__ import annotations

import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from celery import shared_task

from accounts.tasks import RETRY
from clinical.patients.tasks import find_duplicates
from onboarding.imports import (
    at_work,
    bundle_tasks,
    filing_tasks,
    notices,
    runs,
    services,
    verification,
)
from onboarding.imports.models import ImportRun
from onboarding.imports.retention import discard_old_uploads
from onboarding.imports.runs import ImportRefusedError
from onboarding.imports.snapshot import discard_old_snapshots
from tenants.models import Tenant
from tenants.scope import public_scope
from tenants.tasks import in_every_clinic, tenant_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)
T = TypeVar("T")


def _run(step: Callable[..., Any], task: TenantTask, run_id: str) -> None:
    """Take one step. What went wrong stands in the run itself, where the clinic sees it."""
    tenant = task.tenant
    try:
        step(tenant, uuid.UUID(run_id), actor=task.actor)
    except ImportRefusedError as refusal:
        log.info("import %s: %s", run_id, refusal)
    except Exception as error:  # noqa: BLE001 - the run keeps the reason; the log must hold no values
        log.warning("import %s stopped with %s", run_id, type(error).__name__)


@tenant_task(name="imports.read", long=True)
def read_file(task: TenantTask, run_id: str) -> None:
    """Stage and profile the file."""
    _run(services.read_file, task, run_id)


@tenant_task(name="imports.check", long=True)
def check_run(task: TenantTask, run_id: str) -> None:
    """Run it dry."""
    _run(services.check_run, task, run_id)


@tenant_task(name="imports.load", long=True)
def load_run(task: TenantTask, run_id: str) -> None:
    """Load it for good; then have the clinic looked through for people who are here twice."""
    _run(services.load_run, task, run_id)
    filing_tasks.follow_loading(task, run_id)
    find_duplicates.delay_for(task.tenant.pk)


@tenant_task(name="imports.undo", long=True)
def undo_run(task: TenantTask, run_id: str) -> None:
    """Take it back."""
    _run(services.undo_run, task, run_id)


@tenant_task(name="imports.mend", long=True)
def mend_run(task: TenantTask, run_id: str) -> None:
    """Take over what people corrected."""
    _run(services.mend_run, task, run_id)


@tenant_task(name="imports.verify", long=True)
def verify_run(task: TenantTask, verification_id: str) -> None:
    """Hold a loaded run against a file again."""
    wanted = uuid.UUID(verification_id)
    try:
        verification.verify(task.tenant, wanted, actor=task.actor)
    except Exception as error:  # noqa: BLE001 - the log must hold no values
        log.warning("verification %s stopped with %s", verification_id, type(error).__name__)
        verification.fail_verification(task.tenant, wanted, type(error).__name__)


@tenant_task(name="imports.send_notice", long=True, **RETRY)
def send_notice(task: TenantTask, notice: str, run_id: str) -> None:
    """Tell the owners by mail how a load stands."""
    with task.scope():
        letters = notices.write(notices.Notice(notice), run_id, clinic=task.tenant)
    for letter in letters:
        letter.send()


BESIDE: tuple[TenantTask, ...] = (bundle_tasks.look_at_files,)
"""Work that is no step of a run; named here because the worker looks for tasks in this module."""

STEPS: dict[str, TenantTask] = {
    ImportRun.State.READING: read_file,
    ImportRun.State.CHECKING: check_run,
    ImportRun.State.LOADING: load_run,
    ImportRun.State.FILING: filing_tasks.file_run,
    ImportRun.State.MENDING: mend_run,
    ImportRun.State.UNDOING: undo_run,
}


@shared_task(name="imports.resume_stale")
def resume_stale() -> None:
    """Take up imports whose worker has died, in the clinics known to have one at work."""
    wanted = list(at_work.marked())
    if wanted:
        _resume(Tenant.objects.filter(pk__in=wanted))


@shared_task(name="imports.resume_forgotten")
def resume_forgotten() -> None:
    """Look into every clinic, should it have been forgotten that an import is at work there."""
    _resume(Tenant.objects.all())


def _resume(tenants: QuerySet[Tenant]) -> None:
    with public_scope():
        among = list(tenants.filter(state=Tenant.State.ACTIVE))
    looked = in_every_clinic(
        lambda _: runs.runs_at_work(now=datetime.now(UTC)),
        what="looking at the imports",
        among=among,
    )
    for tenant, found in looked:
        if found.working:
            at_work.keep_marked(tenant.pk)
        for run in found.stale:
            STEPS[run.state].delay_for(tenant.pk, str(run.pk))


@shared_task(name="imports.discard_old")
def discard_old() -> None:
    """Delete uploaded files that have stayed long enough, in every clinic."""
    now = datetime.now(UTC)
    for tenant, gone in in_every_clinic(
        lambda _: discard_old_uploads(now=now), what="discarding old uploads"
    ):
        if gone:
            log.info("%s uploads of %s were deleted after their time", gone, tenant.subdomain)
    for tenant, gone in in_every_clinic(
        lambda _: discard_old_snapshots(now=now), what="discarding old snapshots"
    ):
        if gone:
            log.info("%s snapshots of %s were deleted after their time", gone, tenant.subdomain)
