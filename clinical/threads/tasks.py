"""What is done about files of posts in the background."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from clinical.documents.scanning import ScannerUnavailableError
from clinical.threads.attaching import scan
from clinical.threads.models import Attachment
from tenants.storage import StorageUnavailableError
from tenants.tasks import tenant_task

if TYPE_CHECKING:
    from tenants.tasks import TenantTask

_RETRY: dict[str, Any] = {
    "autoretry_for": (ScannerUnavailableError, StorageUnavailableError),
    "retry_backoff": 20,
    "max_retries": 8,
}


@tenant_task(name="threads.scan_attachment", bind=True, **_RETRY)
def scan_attachment(task: TenantTask, attachment_id: str) -> None:  # noqa: ARG001 - bound for retries
    """Scan one file; done twice, the second finds nothing to do."""
    attachment = Attachment.objects.filter(pk=uuid.UUID(attachment_id)).first()
    if attachment is not None:
        scan(attachment)
