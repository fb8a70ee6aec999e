"""Background work about the files of a job, beside the steps of a run."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from onboarding.imports.bundle_look import look_at_files as look
from tenants.tasks import tenant_task

if TYPE_CHECKING:
    from tenants.tasks import TenantTask


@tenant_task(name="imports.look", long=True)
def look_at_files(task: TenantTask, source_id: str) -> None:
    """Look into the files of a job that is being put together."""
    look(task.tenant, uuid.UUID(source_id), actor=task.actor)
