"""Sending what is due. Delivered twice, the second finds nothing to do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from celery import shared_task
from django.utils import timezone

from clinical.messages import notice_mails, notices, planning
from clinical.messages.mail_threads import keep
from clinical.messages.models import Message, ReminderRule
from clinical.messages.sending import follow_outbox
from ports.outcomes import DeliveryError, UnclearError
from tenants.tasks import in_every_clinic, tenant_task

if TYPE_CHECKING:
    from tenants.models import Tenant
    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)


@tenant_task(name="messages.send_notices", long=True)
def send_notices(task: TenantTask) -> None:
    """Tell the clinic's patients what they are due to be told, a mail each."""
    with task.scope():
        waiting = notices.due_patients(timezone.now())
    for patient_id in waiting:
        with task.scope():
            mail = notice_mails.claim(patient_id, clinic=task.tenant, at=timezone.now())
        if mail is None:
            continue
        try:
            facts = notice_mails.send(mail)
        except DeliveryError as error:
            log.warning(
                "a notice of %s was not sent: %s", task.tenant.subdomain, type(error).__name__
            )
            with task.scope():
                notices.note_failed(
                    mail.message_id,
                    at=timezone.now(),
                    problem=error.words,
                    is_final=notice_mails.is_final(error),
                    is_unclear=isinstance(error, UnclearError),
                )
        else:
            with task.scope():
                notices.note_sent(mail.message_id, at=timezone.now())
                keep(mail.topic, facts)


@shared_task(name="messages.send_notices_everywhere")
def send_notices_everywhere() -> None:
    """Look in every clinic for what is due, and send a task where something is."""
    for tenant, is_due in in_every_clinic(_owes_notices, what="looking at the notices"):
        if is_due:
            send_notices.delay_for(tenant.pk)


def _owes_notices(_clinic: Tenant) -> bool:
    now = timezone.now()
    notices.give_up_lost(now)
    return bool(notices.due_patients(now))


@tenant_task(name="messages.plan_reminders", long=True)
def plan_reminders(task: TenantTask) -> None:
    """Queue the clinic's reminders that are due, and follow what the outbox has given up."""
    with timezone.override(ZoneInfo(task.tenant.time_zone)):
        with task.scope():
            follow_outbox(timezone.now())
        with task.scope():
            planning.plan_due(timezone.now())


@shared_task(name="messages.plan_reminders_everywhere")
def plan_reminders_everywhere() -> None:
    """Send a task to every clinic that reminds its patients, or has something queued."""
    for tenant, has_work in in_every_clinic(_reminds, what="looking at the reminders"):
        if has_work:
            plan_reminders.delay_for(tenant.pk)


def _reminds(_clinic: Tenant) -> bool:
    queued = Message.objects.filter(state=Message.State.QUEUED)
    return ReminderRule.objects.filter(is_on=True).exists() or queued.exists()
