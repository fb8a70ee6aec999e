"""Saying that something changed. It is told when the transaction commits, and not at all otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections

from events.messages import ACCOUNT, CHANNEL, Message
from events.topics import topic_named
from tenants.scope import NoTenantError, current_scope

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID


class UnknownTopicError(ValueError):
    """Nobody could hear it: the topic was never registered, or is a person's own."""


def publish(topic: str, *, first: date | None = None, last: date | None = None) -> None:
    """Tell everybody of the running clinic who may hear the topic; the days touched, where known."""
    known = topic_named(topic)
    if known is None or known.personal:
        raise UnknownTopicError(f"{topic!r} is not a topic that a whole clinic hears.")
    _notify(
        Message(
            _clinic(),
            topic,
            first=first.isoformat() if first else "",
            last=(last or first).isoformat() if first else "",
        )
    )


def publish_to_user(user_id: UUID | str, topic: str) -> None:
    """Tell one person of the running clinic."""
    if topic != ACCOUNT and topic_named(topic) is None:
        raise UnknownTopicError(f"{topic!r} is not a topic.")
    _notify(Message(_clinic(), topic, user=str(user_id)))


def _clinic() -> int:
    scope = current_scope()
    if not scope.is_clinic:
        raise NoTenantError("Changes are told inside a clinic's scope.")
    return scope.tenant_id


def _notify(message: Message) -> None:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, message.payload()])
