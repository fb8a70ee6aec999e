"""Giving access back at a vendor's after a clinic has disconnected: an entry of the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections import outbox
from connections.opened import OpenConnection
from connections.outbox import Answer, NothingToSendError
from connections.providers import provider as provider_of
from connections.sealing import unsealed
from ports.outcomes import BrokenConnectionError
from tenants.scope import current_scope

if TYPE_CHECKING:
    from connections.models import OutboxEntry
    from ports.outcomes import DeliveryError

KIND = "connections.revoke"


class Revoking:
    """The handler. What was sealed for the connection is kept with the entry until it has ended."""

    def provider_of(self, entry: OutboxEntry) -> str:  # noqa: ARG002 - a handler's signature
        return ""

    def prepare(self, entry: OutboxEntry) -> OpenConnection:
        facts = entry.payload
        if "sealed" not in facts:
            raise NothingToSendError("There is nothing left to give back.")
        return OpenConnection(
            id=entry.subject_id,
            provider=facts["provider"],
            external_id=facts["external_id"],
            account_name=facts["account_name"],
            secrets=unsealed(facts["sealed"], provider=facts["provider"], pk=entry.subject_id),
            clinic=current_scope().tenant_id,
        )

    def send(
        self,
        entry: OutboxEntry,  # noqa: ARG002 - a handler's signature
        prepared: OpenConnection,
        opened: OpenConnection | None,  # noqa: ARG002
    ) -> Answer:
        try:
            provider_of(prepared.provider).adapter.revoke(prepared)
        except BrokenConnectionError:
            return Answer(kept={"was": "ended already"})
        return Answer()

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:  # noqa: ARG002
        entry.payload = _without_secrets(entry)

    def failed(self, entry: OutboxEntry, error: DeliveryError) -> None:  # noqa: ARG002
        entry.payload = _without_secrets(entry)
        entry.save(update_fields=["payload"])


def _without_secrets(entry: OutboxEntry) -> dict[str, str]:
    return {name: value for name, value in entry.payload.items() if name != "sealed"}


outbox.delivers(KIND, Revoking(), repeats=True, label="Giving access back")
