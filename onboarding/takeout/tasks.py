"""Exports that have had their time."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from onboarding.takeout import services
from tenants.models import Tenant
from tenants.scope import public_scope
from tenants.tasks import in_every_clinic


@shared_task(name="takeout.tidy_everywhere")
def tidy_everywhere() -> None:
    """Delete exports after their time in every clinic; one's trouble must not stop the others."""
    with public_scope():
        with_tables = Tenant.objects.exclude(
            state__in=[Tenant.State.CREATING, Tenant.State.DELETED]
        )
        clinics = list(with_tables)
    in_every_clinic(
        lambda _: services.tidy(now=timezone.now()), what="tidying the exports", among=clinics
    )
