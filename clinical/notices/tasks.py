"""Pushes as background work: one message to one browser, with nothing of a patient in it."""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from celery import shared_task
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from clinical.notices import delivery
from clinical.notices.encryption import encoded, signing_key
from clinical.notices.models import Notice, PushSubscription
from tenants.tasks import in_every_clinic, tenant_task

if TYPE_CHECKING:
    from datetime import datetime

    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)

WORDS = {
    Notice.Kind.MESSAGE: "You have a new message in Nexus",
    Notice.Kind.MENTION: "You were mentioned in Nexus",
    Notice.Kind.TASK: "You have a task in Nexus",
    Notice.Kind.FILE: "A file is ready in Nexus",
    Notice.Kind.OTHER: "There is something new in Nexus",
}
"""All that a push ever says: it passes other companies' servers and stands on locked screens."""
KEPT = timedelta(days=90)
_RETRY: dict[str, Any] = {"max_retries": 3}


@tenant_task(name="notices.push", long=True, **_RETRY)
def push(task: TenantTask, subscription_id: str, notice_id: str) -> None:
    """Tell one browser of a notice, unless it has been read meanwhile."""
    with task.scope():
        subscription = PushSubscription.objects.filter(
            pk=uuid.UUID(subscription_id), user__is_active=True
        ).first()
        notice = Notice.objects.filter(pk=uuid.UUID(notice_id), read_at=None).first()
        if subscription is None or notice is None or notice.user_id != subscription.user_id:
            return
        wanted = message_of(subscription, notice)
    try:
        delivery.send(wanted, key=signing_key(settings.PUSH_KEY), contact=settings.PUSH_CONTACT)
    except delivery.PushError as error:
        _after(task, subscription_id, error)
        return
    with task.scope():
        PushSubscription.objects.filter(pk=subscription.pk).update(sent_at=timezone.now())


def message_of(subscription: PushSubscription, notice: Notice) -> delivery.Push:
    """Answer what is sent: one of five sentences and a link that asks for the log-in."""
    words = {
        "title": "Nexus",
        "body": WORDS[Notice.Kind(notice.kind)],
        "url": reverse("notices:open", urlconf=settings.CLINIC_URLCONF, kwargs={"pk": notice.pk}),
        "tag": str(notice.pk),
    }
    return delivery.Push(
        endpoint=subscription.endpoint,
        public_key=subscription.public_key,
        auth_secret=subscription.auth_secret,
        message=json.dumps(words).encode(),
        topic=encoded(hashlib.sha256(notice.pk.bytes).digest()[:24]),
    )


def _after(task: TenantTask, subscription_id: str, error: delivery.PushError) -> None:
    if error.gone:
        with task.scope():
            PushSubscription.objects.filter(pk=uuid.UUID(subscription_id)).delete()
    elif not error.permanent and task.request.retries < (task.max_retries or 0):
        raise task.retry(exc=error, countdown=30 * 2**task.request.retries)
    else:
        log.warning("a push to a device of %s failed: %s", task.tenant.subdomain, error)


@shared_task(name="notices.tidy_everywhere")
def tidy_everywhere() -> None:
    """Delete what was read long ago, in every clinic."""
    in_every_clinic(lambda _: tidy(now=timezone.now()), what="tidying the notices")


def tidy(*, now: datetime) -> int:
    return Notice.objects.filter(created_at__lt=now - KEPT).delete()[0]
