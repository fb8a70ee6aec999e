"""The verbs of a clinic's texts beside the messages themselves: try out, set the sender, have replies."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.permissions import Action, Resource, allows
from audit.services import record
from billing_integrations.sms import senders
from billing_integrations.sms.delivery import TEST, tests_of
from billing_integrations.sms.replies import REPLIES
from connections import inbox, outbox
from connections import services as connection_services
from connections.models import OutboxEntry

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User
    from connections.models import Connection

TESTS_AN_HOUR = 10
USEFUL_FOR = timedelta(minutes=10)


class SmsError(ValueError):
    """What was asked for cannot be done; the message is for a person."""


@transaction.atomic
def send_test(
    connection: Connection, number: str, *, clinic_name: str, actor: User, at: datetime
) -> OutboxEntry:
    """Text a number, in E.164, to see whether texts arrive; raises SmsError."""
    _require(actor, Action.RUN)
    recent = tests_of(connection).filter(created_at__gte=at - timedelta(hours=1))
    if recent.count() >= TESTS_AN_HOUR:
        raise SmsError(f"{TESTS_AN_HOUR} tests in an hour are enough: try again later.")
    sender = str(connection.options.get("sender", ""))
    ask = " Answer with any word to test replies." if senders.takes_replies(sender) else ""
    entry = outbox.put(
        TEST,
        connection,
        key=f"{TEST}:{at.timestamp():.6f}",
        payload={"to": number, "body": f"A test from {clinic_name}: texts reach you.{ask}"},
        not_after=at + USEFUL_FOR,
    )
    record("sms.test", object_type=OutboxEntry._meta.db_table, object_id=str(entry.pk))
    return entry


@transaction.atomic
def change_sender(connection: Connection, sender: str, *, actor: User, at: datetime) -> None:
    """Let texts come from another number or name, and try out whether the vendor knows it."""
    connection_services.set_options(connection, {"sender": sender}, actor=actor)
    connection_services.start_check(connection, at=at)


@transaction.atomic
def receive_replies(connection: Connection, *, actor: User, at: datetime) -> OutboxEntry:
    """Have the vendor call our address with replies and receipts; raises SmsError."""
    _require(actor, Action.CHANGE)
    sender = str(connection.options.get("sender", ""))
    if not senders.takes_replies(sender):
        raise SmsError("Nobody can answer a name: choose a mobile number first.")
    if not inbox.address_of(connection):
        raise SmsError("The account is not connected any more.")
    return outbox.put(
        REPLIES,
        connection,
        provider=connection.provider,
        key=f"{REPLIES}:{connection.pk}:{at.timestamp():.3f}",
        not_after=at + USEFUL_FOR,
    )


def _require(actor: User, action: Action) -> None:
    if not allows(actor, action, Resource.INTEGRATIONS):
        raise PermissionDenied(f"{Resource.INTEGRATIONS}.{action}")
