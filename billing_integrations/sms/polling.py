"""Reading the vendor's own lists: what its calls to us have told, and what got lost on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from billing_integrations.sms import carriers, delivery, receiving
from billing_integrations.sms.models import Poll
from clinical.messages.models import Message
from connections import selectors, settling, tokens
from connections.models import Connection, OutboxEntry
from connections.providers import Trade
from ports.outcomes import DeliveryError
from ports.sms import OutgoingSms
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    from datetime import datetime

    from connections.opened import OpenConnection
    from tenants.models import Tenant

OVERLAP = timedelta(hours=1)
OPEN_FOR = timedelta(days=3)
"""Networks try for so long; after that nothing more is said of a text."""
OPEN_FOR_NOW = timedelta(hours=6)
DEEP_MINUTES = 10
"""Once an hour the lists are read back to the oldest text still open, else not so far."""
UNCLEAR_FOR = timedelta(days=2)
MOST_UNCLEAR = 50


def poll(tenant: Tenant) -> int:
    """Read what is new at the clinic's vendor; answers how much was. Outside every scope.

    Nothing is asked where no account is connected. Failures are kept for the settings page.
    """
    now = timezone.now()
    with tenant_scope(tenant):
        connection = selectors.live(Trade.SMS)
        if connection is None:
            return 0
        provider, since = connection.provider, _since(connection, now)
    try:
        opened = tokens.open_connection(tenant, provider)
        with carriers.carrier(opened) as carrier:
            news = carrier.news(since=since)
            with tenant_scope(tenant):
                done = receiving.apply_news(provider, news)
                _note(provider, until=now)
            carrier.noted(news)
        return done + clear_up(tenant, opened)
    except DeliveryError as error:
        with tenant_scope(tenant):
            _note(provider, problem=error.words)
        return 0


def clear_up(tenant: Tenant, opened: OpenConnection) -> int:
    """Ask the vendor for the texts of which nobody knows whether they were sent."""
    now = timezone.now()
    with tenant_scope(tenant):
        unclear = OutboxEntry.objects.filter(
            kind=delivery.TEXT,
            state=OutboxEntry.State.UNCLEAR,
            changed_at__gte=now - UNCLEAR_FOR,
        )
        asked = [(entry, _written(entry)) for entry in unclear[:MOST_UNCLEAR]]
    done = 0
    for entry, prepared in asked:
        with carriers.carrier(opened) as carrier:
            found = carrier.find(prepared.sms, since=prepared.since, known=prepared.known)
        if found is not None:
            with tenant_scope(tenant):
                answer = delivery.answered(found, opened.provider)
                done += settling.settle(entry, answer, at=timezone.now())
    return done


def _written(entry: OutboxEntry) -> delivery.Ready:
    """Answer a text as it was handed over, whether or not it would be wanted now."""
    message = Message.objects.get(pk=entry.subject_id)
    sms = OutgoingSms(message.address, message.body, reference=str(message.pk))
    return delivery.ready(entry, sms)


def _since(connection: Connection, now: datetime) -> datetime:
    """Answer from when on the lists are read: an overlap, and back to the oldest text still open.

    Never to before the clinic connected the account: what it did there earlier is not ours.
    """
    read = Poll.objects.filter(provider=connection.provider).first()
    since = (read.read_until if read else now) - OVERLAP
    back = OPEN_FOR if now.minute < DEEP_MINUTES else OPEN_FOR_NOW
    waiting = Message.objects.filter(
        Q(state=Message.State.SENT) | Q(cost_micros=None),
        provider=connection.provider,
        direction=Message.Direction.OUT,
        channel=Message.Channel.SMS,
        sent_at__gte=now - back,
    ).order_by("sent_at")
    oldest = waiting.values_list("sent_at", flat=True).first()
    if oldest is not None:
        since = min(since, oldest - OVERLAP)
    begun = connection.connected_at or connection.created_at
    return max(since, begun.replace(microsecond=0))  # vendors' lists know whole seconds


def _note(provider: str, *, until: datetime | None = None, problem: str = "") -> None:
    facts: dict[str, object] = {"problem": problem} | ({"read_until": until} if until else {})
    first = {"read_until": until or timezone.now(), "problem": problem}
    Poll.objects.update_or_create(provider=provider, defaults=facts, create_defaults=first)
