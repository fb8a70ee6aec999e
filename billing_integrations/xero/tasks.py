"""What workers do about Xero: read changes, compare both sides, read settings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID

from celery import shared_task

from billing_integrations.xero import chart, checking, keeping, links, matching, polling
from billing_integrations.xero.models import XeroRun
from billing_integrations.xero.provider import KEY, client_of
from connections import tokens
from connections.models import Connection
from ports.outcomes import DeliveryError
from tenants.tasks import in_every_clinic, tenant_task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenants.models import Tenant
    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)


@tenant_task(name="xero.poll", long=True)
def poll(task: TenantTask) -> None:
    """Read what has changed in the clinic's organisation."""
    try:
        polling.poll(task.tenant)
    except DeliveryError as error:
        log.warning("Xero was not read: %s", type(error).__name__)


@tenant_task(name="xero.read_chart", long=True)
def read_chart(task: TenantTask) -> None:
    """Read accounts, tax rates and tracking categories."""
    opened = tokens.open_connection(task.tenant, KEY)
    with client_of(opened) as client:
        name, found = chart.read(client)
    with task.scope():
        keeping.keep_chart(opened.external_id, name, found)


@tenant_task(name="xero.make_run", long=True)
def make_run(task: TenantTask, run_id: str) -> None:
    """Make the check or the matching that was asked for."""
    with task.scope():
        found = XeroRun.objects.filter(pk=run_id).first()
    if found is not None:
        work = checking if found.kind == XeroRun.Kind.CHECK else matching
        work.run(task.tenant, UUID(run_id))


@tenant_task(name="xero.check", long=True)
def check(task: TenantTask) -> None:
    """Compare both sides, as every night."""
    run_id = checking.start(task.tenant)
    if run_id is not None:
        checking.run(task.tenant, run_id)


@shared_task(name="xero.poll_everywhere")
def poll_everywhere() -> None:
    """Have every clinic's Xero read; each is a task of its own."""
    for tenant in _connected():
        poll.delay_for(tenant.pk)


@shared_task(name="xero.check_everywhere")
def check_everywhere() -> None:
    """Have every clinic's books compared."""
    for tenant in _connected():
        check.delay_for(tenant.pk)


def _connected() -> Iterator[Tenant]:
    for tenant, found in in_every_clinic(lambda _: links.connection(), what="looking for the Xero"):
        if found is not None and found.state == Connection.State.LIVE:
            yield tenant
