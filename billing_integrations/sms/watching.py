"""Whether texts arrive, looked at every few minutes; the owners hear of it once when they do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import redis
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from billing_integrations.sms.clicksend import words as clicksend_words
from billing_integrations.sms.models import DeliveryAlarm
from billing_integrations.sms.rules import (
    WINDOW,
    AlarmKind,
    Sent,
    Verdict,
    has_recovered,
    verdict,
)
from billing_integrations.sms.twilio import words as twilio_words
from clinical.messages.models import Message
from connections import selectors
from connections.providers import Trade
from connections.providers import provider as provider_of
from ports.sms import SmsState
from tenants.scope import active_scope
from ui.banners import Banner

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from connections.models import Connection

CACHE_KEY = "sms.alarm"
REMEMBERED = 3600
"""Seconds; the look every five minutes puts it there again."""
_STATES: dict[str, SmsState] = {
    Message.State.DELIVERED: SmsState.DELIVERED,
    Message.State.FAILED: SmsState.FAILED,
}


@dataclass(frozen=True)
class Words:
    """An alarm as people read it."""

    title: str
    text: str


@transaction.atomic
def look(*, at: datetime) -> DeliveryAlarm | None:
    """Judge the texts of the last hours; answers the alarm that is new, if one is."""
    connection = selectors.in_use(Trade.SMS)
    lasting = DeliveryAlarm.objects.select_for_update().filter(ended_at=None).first()
    if connection is None:
        _end(lasting, at)
        return None
    found = _verdict(connection, at)
    if found is None:
        if lasting is not None and _is_over(lasting, connection, at):
            _end(lasting, at)
            lasting = None
        _remember(lasting)
        return None
    if lasting is not None and lasting.kind == found.kind.value:
        lasting.texts, lasting.of = found.texts, found.of
        lasting.save(update_fields=["texts", "of"])
        _remember(lasting)
        return None
    _end(lasting, at)
    alarm = DeliveryAlarm.objects.create(
        kind=found.kind.value,
        provider=connection.provider,
        since=found.since,
        texts=found.texts,
        of=found.of,
        problem=connection.problem if found.kind is AlarmKind.ACCOUNT else "",
        began_at=at,
    )
    _remember(alarm)
    return alarm


def lasting_alarm() -> DeliveryAlarm | None:
    """Answer the alarm that lasts."""
    return DeliveryAlarm.objects.filter(ended_at=None).first()


def words_of(alarm: DeliveryAlarm) -> Words:
    """Say what an alarm means, with its moment on the practice's clocks."""
    vendor = provider_of(alarm.provider).name
    since = _clock(alarm.since)
    if alarm.kind == AlarmKind.ACCOUNT:
        return Words("Texts are waiting", alarm.problem)
    if alarm.kind == AlarmKind.SILENT:
        return Words(
            f"No text has been delivered since {since}",
            f"{vendor} has taken {alarm.texts} texts since then and delivered none of them, or its "
            "receipts do not reach Nexus. Reminders may not be arriving: phone whoever must know.",
        )
    return Words(
        f"Many texts do not arrive since {since}",
        f"The networks refused {alarm.texts} of {alarm.of} texts. Look at the reasons and at "
        f"{vendor}; phone whoever must know.",
    )


def banner(request: HttpRequest) -> Banner | None:
    """Answer the line above every page while texts do not arrive. Costs one look into Valkey."""
    user, scope = getattr(request, "user", None), active_scope()
    if scope is None or not scope.is_clinic or user is None or not user.is_authenticated:
        return None
    try:
        kept = cache.get(CACHE_KEY)
    except redis.RedisError:
        return None
    if not kept:
        return None
    url = reverse("sms:alarm")
    return Banner(kept["title"], kept["text"], url=url, icon="message-x", tone="warning")


def _verdict(connection: Connection, at: datetime) -> Verdict | None:
    problem = connection.problem
    if any(words.is_account_trouble(problem) for words in (twilio_words, clicksend_words)):
        return Verdict(AlarmKind.ACCOUNT, connection.problem_at or at, 0, 0)
    return verdict(_sent_since(at - WINDOW), now=at)


def _is_over(alarm: DeliveryAlarm, connection: Connection, at: datetime) -> bool:
    if alarm.kind == AlarmKind.ACCOUNT:
        return not connection.problem
    return has_recovered(_sent_since(max(at - WINDOW, alarm.since)), now=at)


def _sent_since(moment: datetime) -> list[Sent]:
    rows = (
        Message.objects.filter(
            sent_at__gte=moment,
            channel=Message.Channel.SMS,
            direction=Message.Direction.OUT,
        )
        .exclude(provider="")
        .order_by("sent_at", "pk")
        .values_list("sent_at", "state")
    )
    return [Sent(at, _STATES.get(state, SmsState.SENT)) for at, state in rows if at is not None]


def _end(alarm: DeliveryAlarm | None, at: datetime) -> None:
    if alarm is not None:
        alarm.ended_at = at
        alarm.save(update_fields=["ended_at"])
    _remember(None)


def _remember(alarm: DeliveryAlarm | None) -> None:
    """Keep the alarm where every page can see it."""
    try:
        if alarm is None:
            cache.delete(CACHE_KEY)
        else:
            words = words_of(alarm)
            cache.set(CACHE_KEY, {"title": words.title, "text": words.text}, REMEMBERED)
    except redis.RedisError:
        return


def _clock(moment: datetime) -> str:
    local = timezone.localtime(moment)
    is_today = local.date() == timezone.localdate()
    return f"{local:%-H:%M}" if is_today else f"{local:%a %-d %b, %-H:%M}"
