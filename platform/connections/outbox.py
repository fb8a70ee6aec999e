"""What must reach a vendor: written with the change that asks for it, delivered after the commit.

    put("xero.invoice", invoice, key=f"xero.invoice:{invoice.pk}:1", lane=f"invoice:{invoice.pk}")

A handler is registered once for a kind (`delivers`) from its app's `AppConfig.ready`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from django.db import transaction

from connections.models import OutboxEntry
from tenants.scope import current_scope

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import Model

    from connections.opened import OpenConnection
    from ports.outcomes import DeliveryError

Prepared = TypeVar("Prepared")


class NothingToSendError(Exception):
    """What was to be sent is not wanted any more; the words say why. The entry is cancelled."""


@dataclass(frozen=True)
class Answer:
    """What the vendor answered: its id of the thing, and what else is worth keeping."""

    vendor_id: str = ""
    kept: dict[str, Any] = field(default_factory=dict)


class Handler(Protocol, Generic[Prepared]):
    """How one kind of entry is delivered.

    `prepare`, `settle` and `failed` run in short transactions of the clinic; `send` runs outside of
    any, with no query, and may take as long as the network.
    """

    def provider_of(self, entry: OutboxEntry) -> str:
        """Answer whose connection is used, or an empty text for the platform's own means."""

    def prepare(self, entry: OutboxEntry) -> Prepared:
        """Read what is to be sent, as it stands now; raises NothingToSendError."""

    def send(self, entry: OutboxEntry, prepared: Prepared, opened: OpenConnection | None) -> Answer:
        """Hand it to the vendor; raises the errors of `ports.outcomes`."""

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        """Write down what follows, in the transaction that marks the entry as sent."""

    def failed(self, entry: OutboxEntry, error: DeliveryError) -> None:
        """Write down what follows, in the transaction that marks it as refused or unclear."""


@dataclass(frozen=True)
class Kind:
    """A registered kind of entry.

    `repeats`: sending the same entry twice does it once, so that one whose worker died in between is
    sent again; where not, it becomes unclear and a person decides.
    """

    handler: Handler[Any]
    repeats: bool
    label: str


_kinds: dict[str, Kind] = {}


def delivers(kind: str, handler: Handler[Any], *, repeats: bool, label: str) -> None:
    """Register how a kind is delivered; `label` names it to people, such as "Invoice to Xero"."""
    _kinds[kind] = Kind(handler, repeats, label)


def kind_of(entry: OutboxEntry) -> Kind:
    """Answer how an entry is delivered; raises KeyError for a kind this version does not know."""
    return _kinds[entry.kind]


def put(
    kind: str,
    subject: Model,
    *,
    key: str,
    provider: str = "",
    payload: dict[str, Any] | None = None,
    lane: str = "",
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> OutboxEntry:
    """Write an entry in the caller's transaction; it is delivered once that has committed.

    The same key again changes nothing and answers the entry that stands.
    """
    if kind not in _kinds:
        raise KeyError(f"Nobody delivers {kind!r}: register it with connections.outbox.delivers.")
    facts = {
        "kind": kind,
        "provider": provider,
        "subject_type": subject._meta.db_table,
        "subject_id": subject.pk,
        "payload": payload or {},
        "lane": lane,
        "not_after": not_after,
    } | ({"not_before": not_before} if not_before else {})
    entry, is_new = OutboxEntry.objects.get_or_create(key=key, defaults=facts)
    if is_new:
        deliver_after_commit()
    return entry


class _Delivery:
    """Starts the delivery of one clinic's entries."""

    def __init__(self, tenant_id: int) -> None:
        self.tenant_id = tenant_id
        self.__qualname__ = "deliver_after_commit"  # by which Django logs a hook that fails

    def __call__(self) -> None:
        from connections.tasks import start_delivery

        start_delivery(self.tenant_id)


def deliver_after_commit() -> None:
    """Let a worker deliver once the running transaction has committed; asked often, sent once."""
    scope = current_scope()
    asked = transaction.get_connection(scope.alias).run_on_commit
    if not any(isinstance(entry[1], _Delivery) for entry in asked):
        # Where the queue does not answer, the sweep finds the entry within the minute.
        transaction.on_commit(_Delivery(scope.tenant_id), using=scope.alias, robust=True)


def kinds() -> dict[str, Kind]:
    """Answer every registered kind by its name."""
    return dict(_kinds)
