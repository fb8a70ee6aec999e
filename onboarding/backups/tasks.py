"""The nights: a backup of the whole platform, a drill, a self-check, each as a job."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from onboarding.backups.selectors import whose
from tenants import jobs
from tenants.models import Job, Tenant
from tenants.scope import public_scope

log = logging.getLogger(__name__)
OWNER = "owner"
BETWEEN = timedelta(hours=20)
"""However often the beat is started anew, a night has one of each."""


@shared_task(name="backups.back_up_platform")
def back_up_platform() -> None:
    """Ask for tonight's backup of the whole platform, and of each clinic in another database."""
    _ask_once("backup")
    with public_scope(using=OWNER):
        elsewhere = list(
            Tenant.objects.exclude(cluster="").exclude(state__in=["creating", "deleted"])
        )
    for tenant in elsewhere:
        _ask_once("backup", tenant)


@shared_task(name="backups.drill")
def drill() -> None:
    """Ask for tonight's drill with a clinic drawn by lot."""
    _ask_once("drill")


@shared_task(name="backups.check_all")
def check_all() -> None:
    """Ask for tonight's self-check."""
    _ask_once("selfcheck")


def _ask_once(kind: str, tenant: Tenant | None = None) -> None:
    with public_scope(using=OWNER):
        lately = Job.objects.filter(
            whose(tenant.pk if tenant else None), kind=kind, asked_from="platform",
            created_at__gt=timezone.now() - BETWEEN,
        ).exclude(state__in=[Job.State.FAILED, Job.State.CANCELLED])  # fmt: skip
        if not lately.exists():
            jobs.ask(kind, tenant, asked_by="the night", asked_from="platform")
