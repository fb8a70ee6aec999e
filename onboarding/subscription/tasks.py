"""The end of trials: never a lock-out, first a grace, then read-only until a plan is chosen."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from onboarding.subscription.kinds import TRIAL_OVER
from onboarding.subscription.offer import offer
from tenants import jobs
from tenants.migrate import OWNER
from tenants.models import Tenant
from tenants.scope import public_scope

log = logging.getLogger(__name__)


@shared_task(name="subscription.end_trials")
def end_trials() -> None:
    """Ask that clinics be read-only whose trial and grace are over."""
    over = timezone.now() - timedelta(days=offer().trial.grace_days)
    with public_scope(using=OWNER):
        clinics = list(
            Tenant.objects.filter(
                state=Tenant.State.ACTIVE, plan=offer().trial.plan, trial_ends_at__lt=over
            )
        )
    for clinic in clinics:
        try:
            with public_scope(using=OWNER):
                jobs.ask(
                    "suspend",
                    clinic,
                    asked_by="trial",
                    asked_from="platform",
                    mode="read_only",
                    reason=TRIAL_OVER,
                )
        except jobs.JobError as error:
            log.info("the trial of clinic %s is not ended now: %s", clinic.pk, error)
