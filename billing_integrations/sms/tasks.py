"""Looking after the texts of every clinic: reading the vendors' lists, and whether texts arrive."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from celery import shared_task
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from billing_integrations.sms import polling, watching
from billing_integrations.sms.models import DeliveryAlarm
from connections import alarms, selectors
from connections.providers import Trade
from tenants.scope import tenant_scope
from tenants.tasks import active_clinics, in_every_clinic, tenant_task

if TYPE_CHECKING:
    from tenants.models import Tenant
    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)


@tenant_task(name="sms.poll", long=True)
def poll(task: TenantTask) -> None:
    """Read what the clinic's vendor knows of its texts."""
    polling.poll(task.tenant)


@shared_task(name="sms.poll_everywhere")
def poll_everywhere() -> None:
    """Send a task to every clinic that has an account for texts."""
    found = in_every_clinic(lambda _: selectors.live(Trade.SMS), what="looking at the texts")
    for tenant, connection in found:
        if connection is not None:
            poll.delay_for(tenant.pk)


@shared_task(name="sms.watch_everywhere")
def watch_everywhere() -> None:
    """Look in every clinic whether texts arrive; one that has trouble keeps no other from it."""
    for tenant in active_clinics():
        try:
            watch(tenant)
        except Exception:
            log.exception("the texts of %s could not be watched", tenant.subdomain)


def watch(tenant: Tenant) -> None:
    """Judge a clinic's texts, and tell its owners once of what is wrong. Outside every scope."""
    with tenant_scope(tenant), timezone.override(ZoneInfo(tenant.time_zone)):
        watching.look(at=timezone.now())
        untold = DeliveryAlarm.objects.select_for_update().filter(ended_at=None, told_at=None)
        alarm = untold.first()
        if alarm is None:
            return
        alarm.told_at = timezone.now()
        alarm.save(update_fields=["told_at"])
        words = watching.words_of(alarm)
        url = reverse("sms:settings", urlconf=settings.CLINIC_URLCONF)
        mails = alarms.announce(
            tenant, alarms.Alarm(f"sms:{alarm.pk}", words.title, words.text, url)
        )
    try:
        for mail in mails:
            mail.send()
    except OSError:  # smtplib's errors are some of these
        log.warning("the owners were not told that texts do not arrive; it is tried again")
        with tenant_scope(tenant):
            DeliveryAlarm.objects.filter(pk=alarm.pk).update(told_at=None)
