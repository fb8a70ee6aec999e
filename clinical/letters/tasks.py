"""Letters by mail as background work. Delivered twice, the second finds nothing to do."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING

from celery import shared_task
from django.utils import timezone

from clinical.letters import mailing
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope
from tenants.tasks import tenant_task

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
    with public_scope():
        tenants = list(Tenant.objects.filter(state=Tenant.State.ACTIVE))
    for tenant in tenants:
        try:
            with tenant_scope(tenant):
                waiting = mailing.left_lying(at=timezone.now())
        except Exception:
            log.exception("the mails of %s could not be looked at", tenant.subdomain)
            continue
        for mail_id in waiting:
            send.delay_for(tenant.pk, str(mail_id))
