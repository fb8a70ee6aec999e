"""Reading answers, for the clinics that have agreed to it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from celery import shared_task

from billing_integrations.gmail import reading
from connections import selectors
from connections.models import Connection
from tenants.tasks import in_every_clinic, tenant_task

if TYPE_CHECKING:
    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)


@tenant_task(name="gmail.read", long=True)
def read(task: TenantTask) -> None:
    """Take in the answers that are new in the clinic's mailbox."""
    reading.read(task.tenant)


@shared_task(name="gmail.read_everywhere")
def read_everywhere() -> None:
    """Send a task to every clinic whose mailbox may be read."""
    looked = in_every_clinic(
        lambda _: selectors.connection("gmail"), what="looking for the mailbox"
    )
    for tenant, found in looked:
        if found is None or found.state != Connection.State.LIVE:
            continue
        if reading.is_consented(found.options, found.scopes):
            read.delay_for(tenant.pk)
