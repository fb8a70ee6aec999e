"""Scanning and previews as background work. Delivered twice, the second finds nothing to do."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from clinical.documents import finishing
from clinical.documents.leftovers import discard_old_uploads
from clinical.documents.scanning import ScannerUnavailableError
from tenants.storage import StorageUnavailableError
from tenants.tasks import in_every_clinic, tenant_task

if TYPE_CHECKING:
    from tenants.models import Tenant
    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)

TROUBLE = (ScannerUnavailableError, StorageUnavailableError)
RETRY: dict[str, Any] = {"autoretry_for": TROUBLE, "retry_backoff": 20, "max_retries": 4}
AT_WORK = "documents-being-prepared"
AT_WORK_SECONDS = 600


@tenant_task(name="documents.prepare", long=True, **RETRY)
def prepare(task: TenantTask, document_id: str) -> None:
    """Scan one file and make its preview."""
    finishing.finish(uuid.UUID(document_id), scope=task.scope)


@tenant_task(name="documents.prepare_pending", long=True)
def prepare_pending(task: TenantTask) -> None:
    """Do the same for all of the clinic's files that wait for it; one at a time."""
    with task.scope():
        if not cache.add(AT_WORK, 1, AT_WORK_SECONDS):
            return
        waiting = finishing.unfinished()
    try:
        for document_id in waiting:
            finishing.finish(document_id, scope=task.scope)
            with task.scope():
                cache.touch(AT_WORK, AT_WORK_SECONDS)
    except TROUBLE as error:
        log.warning("files of %s wait: %s", task.tenant.subdomain, error)
    finally:
        with task.scope():
            cache.delete(AT_WORK)


@shared_task(name="documents.prepare_everywhere")
def prepare_everywhere() -> None:
    """Take up what was left lying, in every clinic: the scanner was away, a worker has died."""
    for tenant, is_waiting in in_every_clinic(_has_waiting, what="looking at the files"):
        if is_waiting:
            prepare_pending.delay_for(tenant.pk)


def _has_waiting(_clinic: Tenant) -> bool:
    discard_old_uploads(now=timezone.now())
    return bool(finishing.unfinished())
