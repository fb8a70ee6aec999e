"""Batches of invoices, and fees by rule, as background work."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from celery import shared_task
from django.utils import timezone

from billing_integrations.invoices import fees
from billing_integrations.invoices.pricing import PriceBook
from billing_integrations.invoices.services.batches import make_next
from tenants.tasks import in_every_clinic, tenant_task

if TYPE_CHECKING:
    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)

STEP = 10
"""Invoices a transaction: the series of numbers is held for so long."""


@tenant_task(name="invoices.run_batch", long=True)
def run_batch(task: TenantTask, batch_id: str) -> None:
    """Make the invoices of a batch. Delivered twice, the second goes on where the first stands."""
    with timezone.override(ZoneInfo(task.tenant.time_zone)):
        with task.scope():
            prices = PriceBook.read()
        is_left = True
        while is_left:
            with task.scope():
                is_left = make_next(uuid.UUID(batch_id), prices=prices, most=STEP)


@shared_task(name="invoices.draft_fees_everywhere")
def draft_fees_everywhere() -> None:
    """Draft the fees of rules that are switched to automatic, in every clinic."""
    in_every_clinic(lambda _: fees.draft_automatic(), what="drafting the fees")
