"""What vendors send: verified, stored once in the clinic it is for, worked through by a task.

    receives("twilio", Receiver())                      # from the vendor app's AppConfig.ready
    address_of(connection)                              # in scope: the hook to enter at the vendor's

An address with a key is one clinic's: `/hooks/<provider>/<key>/`. Without one it is the app's own for
all its clinics, `/hooks/<provider>/`, and each event names the vendor's account it is about.
`connections.hooks` answers both.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connections import bindings
from connections.models import Connection, InboxEvent
from connections.sealing import open_secrets
from connections.settling import words_for
from tenants.scope import current_scope, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from connections.opened import OpenConnection
    from tenants.models import Tenant

log = logging.getLogger(__name__)

HOOKS_PATH = "/hooks/"
HOOK_KEY = "hook_key"
"""The secret of a connection that its hook's address ends with."""
MOST_ATTEMPTS = 10
AT_A_TIME = 50
LONGEST_ID = 200


class ForgedError(Exception):
    """A request does not come from the vendor: nothing of it is kept."""


@dataclass(frozen=True)
class Incoming:
    """A request as a vendor sent it. `url` is the address we gave out, never the one a proxy says."""

    url: str
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes


@dataclass(frozen=True)
class Event:
    """One thing that a vendor tells. `external_id` is unique at the vendor's: it comes in once."""

    external_id: str
    body: str
    kind: str = ""
    account: str = field(default="", kw_only=True)
    """Whose it is (the connection's external_id), where the address is that of all clinics."""


class Receiver(Protocol):
    """How one vendor's requests are verified, taken apart and worked through."""

    def events(self, incoming: Incoming, opened: OpenConnection | None) -> Sequence[Event]:
        """Verify a request and answer what it tells; raises ForgedError.

        `opened` is the clinic's connection where the address has its key, else None. No queries.
        """

    def handle(self, event: InboxEvent) -> None:
        """Work through one event in the clinic's scope, in a transaction of its own.

        May be called again for the same event when it raised. What asks the vendor goes into the
        outbox instead.
        """


@dataclass(frozen=True)
class Reception:
    """A registered receiver, and what the vendor wants to read when all is well."""

    receiver: Receiver
    answer: str = ""
    content_type: str = "text/plain"
    by_hand: bool = False


_receivers: dict[str, Reception] = {}


def receives(
    provider: str,
    receiver: Receiver,
    *,
    answer: str = "",
    content_type: str = "text/plain",
    by_hand: bool = False,
) -> None:
    """Register what a vendor's requests go to.

    `by_hand`: somebody of the clinic enters the address at the vendor's, so its page shows it.
    """
    _receivers[provider] = Reception(receiver, answer, content_type, by_hand)


def is_entered_by_hand(provider: str) -> bool:
    """Answer whether a clinic has to be shown the address of its hook."""
    reception = _receivers.get(provider)
    return reception is not None and reception.by_hand


def reception_of(provider: str) -> Reception | None:
    return _receivers.get(provider)


def address_of(connection: Connection) -> str:
    """Answer the full address of a clinic's own hook. In scope; "" where it has been disconnected."""
    key = open_secrets(connection).get(HOOK_KEY, "")
    return f"{base_url()}{HOOKS_PATH}{connection.provider}/{key}/" if key else ""


def address_of_app(provider: str) -> str:
    """Answer the address that all clinics of a vendor's app share."""
    return f"{base_url()}{HOOKS_PATH}{provider}/"


def base_url() -> str:
    """Answer the host of all hooks as the world reaches it: never read from a request."""
    return str(settings.HOOKS_URL).rstrip("/") or platform_url()


def platform_url() -> str:
    """Answer the platform's own host, from the settings."""
    port = f":{settings.WEB_PORT}" if settings.WEB_PORT not in {80, 443} else ""
    return f"{'https' if settings.SECURE else 'http'}://{settings.BASE_DOMAIN}{port}"


def store(provider: str, events: Sequence[Event], *, at: datetime) -> int:
    """Keep events of the clinic in scope, each once; a task works through them after the commit."""
    if not events:
        return 0
    made = InboxEvent.objects.bulk_create(
        [
            InboxEvent(
                provider=provider,
                external_id=_fitting(event.external_id),
                kind=event.kind[:60],
                body=event.body.replace("\0", ""),
                received_at=at,
            )
            for event in events
        ],
        ignore_conflicts=True,
    )
    tenant_id = current_scope().tenant_id

    def start() -> None:
        from connections.tasks import start_handling

        start_handling(tenant_id)

    transaction.on_commit(start, robust=True)
    return len(made)


def _fitting(external_id: str) -> str:
    if len(external_id) <= LONGEST_ID:
        return external_id
    return bindings.digest("event", external_id)


def due_events(now: datetime) -> QuerySet[InboxEvent]:
    """Answer what has come in and is not handled, the oldest first; what failed waits in between."""
    waits = Q()
    for attempts in range(1, MOST_ATTEMPTS):
        waits |= Q(attempts=attempts, received_at__lt=now - _wait(attempts))
    return InboxEvent.objects.filter(Q(attempts=0) | waits, handled_at=None).order_by("pk")


def _wait(attempts: int) -> timedelta:
    """Answer how old an event must be to be tried once more: half a minute, doubling."""
    return timedelta(seconds=30 * 2**attempts)


def handle_due(tenant: Tenant) -> int:
    """Work through what the clinic received; answers how many were handled. Outside every scope."""
    handled = 0
    tried: set[UUID] = set()
    while True:
        with tenant_scope(tenant):
            waiting = due_events(timezone.now()).exclude(pk__in=tried)
            batch = list(waiting.values_list("pk", flat=True)[:AT_A_TIME])
        if not batch:
            return handled
        for pk in batch:
            tried.add(pk)
            try:
                with tenant_scope(tenant):
                    handled += _handle(pk)
            except Exception as error:
                log.exception("an event that a vendor sent could not be handled")
                with tenant_scope(tenant):
                    _note_failure(pk, error)


def _handle(pk: UUID) -> int:
    held = InboxEvent.objects.select_for_update(skip_locked=True).filter(pk=pk, handled_at=None)
    event = held.first()
    reception = reception_of(event.provider) if event else None
    if event is None or reception is None:
        return 0
    reception.receiver.handle(event)
    event.handled_at, event.problem = timezone.now(), ""
    event.save(update_fields=["handled_at", "problem"])
    return 1


def _note_failure(pk: UUID, error: Exception) -> None:
    event = InboxEvent.objects.select_for_update().filter(pk=pk, handled_at=None).first()
    if event is not None:
        event.attempts += 1
        event.problem = words_for(error)
        event.save(update_fields=["attempts", "problem"])
