"""The workers' part: deliver, handle what came in, renew, test, tell the owners."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import redis
from celery import shared_task
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from connections import alarms, finishing, inbox, relay, selectors, settling, tokens
from connections.models import Connection, InboxEvent
from connections.providers import provider as provider_of
from ports.outcomes import DeliveryError
from tenants.scope import tenant_scope
from tenants.tasks import TENANT_HEADER, active_clinics, in_every_clinic, tenant_task

if TYPE_CHECKING:
    from datetime import datetime

    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)

RUN_SECONDS = 40.0
"""A clinic with much to send goes to the end of the queue after this."""
LONGEST_NAP = 60.0
KEPT_FOR = timedelta(days=40)
"""Vendors repeat an event for up to 31 days: so long it must be known that it came in."""


def start_delivery(tenant_id: int, *, after: float = 0.0) -> None:
    """Let a worker deliver a clinic's entries, now or in some seconds."""
    deliver.apply_async(
        (), {}, headers={TENANT_HEADER: tenant_id}, countdown=after or None, retry=False
    )


@tenant_task(name="connections.deliver", long=True)
def deliver(task: TenantTask) -> None:
    """Deliver what waits in the clinic's outbox; one worker a clinic at a time."""
    clinic = task.tenant
    with _alone(clinic.pk) as is_alone:
        if not is_alone:
            return
        outcome = relay.run(clinic, seconds=RUN_SECONDS)
    # Whoever wrote an entry while the other worker was about to end left it to that worker.
    now = timezone.now()
    with task.scope():
        due = relay.due_entries(now).exclude(provider__in=outcome.providers)
        more = due.exclude(provider="", kind__in=outcome.kinds).exists()
    if more:
        start_delivery(clinic.pk)
    elif outcome.wakes_at is not None:
        nap = (outcome.wakes_at - now).total_seconds()
        if nap < LONGEST_NAP:  # else the sweep sees to it
            start_delivery(clinic.pk, after=max(nap, 1.0))


class _alone:  # noqa: N801 - used as a function
    """Holds one clinic's delivery; without Valkey nobody is held back, and nothing is sent twice."""

    def __init__(self, tenant_id: int) -> None:
        self.key = f"connections:delivering:{tenant_id}"
        self.client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)
        self.is_held = False

    def __enter__(self) -> bool:
        try:
            self.is_held = bool(self.client.set(self.key, "1", nx=True, ex=int(RUN_SECONDS) + 120))
        except redis.RedisError:
            return True
        return self.is_held

    def __exit__(self, *_error: object) -> None:
        if self.is_held:
            try:
                self.client.delete(self.key)
            except redis.RedisError:
                log.warning("a delivery's mark was not taken back; it ends by itself")
        self.client.close()


@tenant_task(name="connections.handle_inbox", long=True)
def handle_inbox(task: TenantTask) -> None:
    """Work through what vendors sent the clinic."""
    inbox.handle_due(task.tenant)


def start_handling(tenant_id: int) -> None:
    """Let a worker handle what a clinic received."""
    handle_inbox.apply_async((), {}, headers={TENANT_HEADER: tenant_id}, retry=False)


@shared_task(name="connections.sweep_everywhere")
def sweep_everywhere() -> None:
    """Find in every clinic what was forgotten: Valkey flushed, a worker killed, a moment come."""
    for tenant in active_clinics():
        try:
            relay.recover_lost(tenant)
            with tenant_scope(tenant):
                now = timezone.now()
                settling.give_up_late(now)
                to_deliver = relay.due_entries(now).exclude(provider__in=_shut(now)).exists()
                to_handle = inbox.due_events(now).exists()
                to_finish = list(finishing.forgotten(now))
        except Exception:
            log.exception("a clinic's connections could not be looked at")
            continue
        if to_deliver:
            start_delivery(tenant.pk)
        if to_handle:
            start_handling(tenant.pk)
        for pk in to_finish:
            finish.delay_for(tenant.pk, str(pk))


def _shut(now: datetime) -> list[str]:
    """Answer the vendors that cannot be served now."""
    found = Connection.objects.filter(state__in=selectors.IN_USE)
    shut = found.filter(Q(state=Connection.State.BROKEN) | Q(paused_until__gt=now))
    return list(shut.values_list("provider", flat=True))


@shared_task(name="connections.renew_everywhere")
def renew_everywhere() -> None:
    """Renew tokens that nobody has used for long: unused ones die at the vendors'."""
    oldest = timezone.now() - tokens.OLDEST
    stale = Connection.objects.filter(state=Connection.State.LIVE, renewed_at__lt=oldest)
    found = in_every_clinic(
        lambda _: list(stale.values_list("provider", flat=True)), what="looking for old tokens"
    )
    for tenant, keys in found:
        for key in keys:
            try:
                tokens.renew_unused(tenant, key)
            except DeliveryError:
                log.warning("a connection to %s was not renewed", provider_of(key).name)
            except Exception:
                log.exception("a connection could not be renewed")


@tenant_task(name="connections.finish", long=True)
def finish(task: TenantTask, connection_id: str) -> None:
    """Finish what somebody began to connect."""
    finishing.finish(task.tenant, connection_id)


@tenant_task(name="connections.check", long=True)
def check(task: TenantTask, connection_id: str) -> None:
    """Try a connection out."""
    finishing.check(task.tenant, connection_id)


@tenant_task(name="connections.tell_owners", long=True)
def tell_owners(task: TenantTask, connection_id: str) -> None:
    """Tell the clinic's owners that a connection has to be made again."""
    alarms.tell_owners(task.tenant, connection_id)


@shared_task(name="connections.tell_everywhere")
def tell_everywhere() -> None:
    """Tell the owners of every clinic of what is broken or silent and they were not told of."""
    troubled = in_every_clinic(
        lambda _: list(alarms.troubled().values_list("pk", flat=True)), what="looking for troubles"
    )
    for tenant, found in troubled:
        for pk in found:
            try:
                alarms.tell_owners(tenant, pk)
            except Exception:
                log.exception("the owners of a clinic could not be told of a broken connection")


@shared_task(name="connections.tidy_everywhere")
def tidy_everywhere() -> None:
    """Drop what was received and handled long ago, and attempts that nobody finished."""
    in_every_clinic(lambda _: _tidy(timezone.now()), what="tidying the connections")


def _tidy(now: datetime) -> None:
    InboxEvent.objects.filter(handled_at__lt=now - KEPT_FOR).delete()
    attempts = Connection.objects.filter(state=Connection.State.PENDING)
    attempts.filter(changed_at__lt=now - timedelta(days=1)).delete()
