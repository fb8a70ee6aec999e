"""Bringing files over, in the background: begun by itself when a run has been loaded."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING

from onboarding.imports import filing, runs
from onboarding.imports.models import ImportRun
from onboarding.imports.runs import ImportRefusedError
from tenants.scope import tenant_scope
from tenants.tasks import tenant_task

if TYPE_CHECKING:
    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)


@tenant_task(name="imports.file", long=True)
def file_run(task: TenantTask, run_id: str) -> None:
    """Bring the files of a loaded run into storage."""
    try:
        filing.file_run(task.tenant, uuid.UUID(run_id), actor=task.actor)
    except ImportRefusedError as refusal:
        log.info("files of import %s: %s", run_id, refusal)
    except Exception as error:  # noqa: BLE001 - the run keeps the reason; the log must hold no values
        log.warning("files of import %s stopped with %s", run_id, type(error).__name__)


def follow_loading(task: TenantTask, run_id: str) -> None:
    """Begin with the files of a run that has just been loaded, if it has any."""
    with tenant_scope(task.tenant, actor=task.actor):
        if not filing.wants_filing(uuid.UUID(run_id)):
            return
        runs.queue(uuid.UUID(run_id), to=ImportRun.State.FILING, of={ImportRun.State.LOADED})
    file_run.delay_for(task.tenant.pk, run_id)
