"""Once a day the plan that runs may be another: the patients' plan dates follow."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from clinical.funding.services import keep_all_dates
from tenants.tasks import in_every_clinic

log = logging.getLogger(__name__)


@shared_task(name="funding.keep_dates_everywhere")
def keep_dates_everywhere() -> None:
    """Set the plan dates of every clinic's patients to the plan that runs today."""
    in_every_clinic(
        lambda _: keep_all_dates(today=timezone.localdate()), what="keeping the plan dates"
    )
