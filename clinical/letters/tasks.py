"""Letters by mail as background work. Delivered twice, the second finds nothing to do."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING

from celery import shared_task
from django.utils import timezone

from clinical.letters import mailing
from tenants.tasks import in_every_clinic, tenant_task

if TYPE_CHECKING:
    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)


@tenant_task(name="letters.send", long=True)
def send(task: TenantTask, mail_id: str) -> None:
    """Send one mail. No transaction is open while the mail server is spoken to."""
    with task.scope():
        claimed = mailing.claim(uuid.UUID(mail_id), clinic=task.tenant, at=timezone.now())
    if claimed is None:
        return
    outcome = mailing.deliver(claimed)
    with task.scope():
        mailing.close(claimed.mail_id, outcome, at=timezone.now())


@shared_task(name="letters.send_everywhere")
def send_everywhere() -> None:
    """Take up what was left lying, in every clinic: the broker was away, a worker has died."""
    found = in_every_clinic(
        lambda _: list(mailing.left_lying(at=timezone.now())), what="looking at the letters"
    )
    for tenant, waiting in found:
        for mail_id in waiting:
            send.delay_for(tenant.pk, str(mail_id))
