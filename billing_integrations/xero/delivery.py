"""What all deliveries to Xero have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from billing_integrations.xero import links, payloads, problems
from billing_integrations.xero.links import Kind
from connections.outbox import NothingToSendError
from ports.outcomes import RefusedError, RetryLaterError

if TYPE_CHECKING:
    from uuid import UUID

    from billing_integrations.xero.client import XeroClient
    from billing_integrations.xero.models import XeroLink, XeroSettings
    from connections.models import OutboxEntry
    from connections.opened import OpenConnection
    from ports.accounting import Debtor
    from ports.outcomes import DeliveryError

CACHED_SECONDS = 6 * 60
"""How long Xero remembers an Idempotency-Key, and gives the same answer again."""
_TAKEN = "already assigned to another contact"


@dataclass(frozen=True)
class Payer:
    """Who owes, and what is known of them in Xero."""

    debtor: Debtor
    contact_id: str = ""
    former_id: str = ""
    """A ContactID that an import brought along: used where it is there."""


class XeroHandler:
    """Delivers one kind of entry. `kind` names the link that is written."""

    kind: str

    def provider_of(self, _entry: OutboxEntry) -> str:
        return "xero"

    def failed(self, entry: OutboxEntry, error: DeliveryError) -> None:
        link = link_for(entry, self.kind)
        if link is not None:
            links.note_refused(link, error.words)


def organisation_of(entry: OutboxEntry) -> str:
    return str(entry.payload["organisation"])


def link_for(entry: OutboxEntry, kind: str) -> XeroLink | None:
    return links.link_of(organisation_of(entry), kind, entry.subject_id)


def wanted(entry: OutboxEntry, kind: str) -> XeroLink:
    link = link_for(entry, kind)
    if link is None:
        raise NothingToSendError("It is not meant for Xero.")
    return link


def settings_for(entry: OutboxEntry) -> XeroSettings:
    """Answer how it is booked; raises where the clinic has connected another organisation since."""
    found = links.current_settings()
    if found is None or found.organisation != organisation_of(entry):
        raise NothingToSendError("The clinic has connected another organisation since.")
    return found


def linked_id(organisation: str, kind: str, object_id: UUID, what: str) -> str:
    """Answer the id in Xero of what must be there first."""
    link = links.link_of(organisation, kind, object_id)
    if link is None or not link.xero_id:
        raise RetryLaterError(f"{what} has to be in Xero first.")
    return link.xero_id


def key_for(entry: OutboxEntry, link: XeroLink, payload: Any) -> str:
    """Answer the Idempotency-Key: the same for a repeat within Xero's six minutes, else a new one.

    Xero would answer a key it has refused with the same refusal again, and refuses one that comes
    with another request: so how often it was refused, and what is sent, are part of it.
    """
    age = (timezone.now() - entry.created_at).total_seconds()
    window = int(age // CACHED_SECONDS)
    mark = payloads.fingerprint(payload)[:16]
    return f"nx-{entry.pk.hex}-{window}-{link.refusals}-{mark}"


def check_organisation(entry: OutboxEntry, opened: OpenConnection | None) -> OpenConnection:
    if opened is None or opened.external_id != organisation_of(entry):
        raise RefusedError("The clinic has connected another organisation since.")
    return opened


def find_or_make_contact(client: XeroClient, payer: Payer) -> dict[str, Any]:
    """Answer {"id", "number", "print", "former"} of the payer's contact; made where there is none."""
    if payer.contact_id:
        return {"id": payer.contact_id}
    if payer.former_id and (former := usable_contact(client, payer.former_id)):
        return {"id": former, "former": True}
    debtor = payer.debtor
    payload = payloads.contact(debtor)
    mark = payloads.fingerprint(payload)
    found = client.contact_by_number(debtor.number)
    if found is None:
        found = _make(client, payload, mark)
    return {"id": str(found["ContactID"]), "number": debtor.number, "print": mark}


def _make(client: XeroClient, payload: dict[str, Any], mark: str) -> dict[str, Any]:
    key = f"nx-contact-{payload['ContactNumber']}-{mark[:16]}"
    try:
        return client.put_contact(payload, key=key)
    except RefusedError as error:
        if _TAKEN not in error.words:
            raise
    # Names are unique there, and people have the same one: ours ends in a part of our number.
    tail = f" [{payload['ContactNumber'][-6:].upper()}]"
    name = payload["Name"][: payloads.LONGEST_NAME - len(tail)] + tail
    return client.put_contact(payload | {"Name": name}, key=key + "-again")


def usable_contact(client: XeroClient, contact_id: str) -> str:
    """Answer the id of an active contact, or of the one it was merged into; empty if there is none."""
    for _ in range(3):
        rows = client.contacts([contact_id])
        row = next((one for one in rows if str(one.get("ContactID")) == contact_id), None)
        if row is None:
            return ""
        if merged := str(row.get("MergedToContactID") or ""):
            contact_id = merged
            continue
        return contact_id if row.get("ContactStatus", "ACTIVE") == "ACTIVE" else ""
    return ""


def keep_contact(organisation: str, payer: UUID, found: dict[str, Any]) -> None:
    """Write down which contact a payer is."""
    link = links.wanted_link(organisation, Kind.CONTACT, payer, invoice_id=None)
    if link.xero_id == found["id"]:
        return
    link.is_from_xero = bool(found.get("former"))
    links.note_there(
        link,
        xero_id=found["id"],
        number=found.get("number", ""),
        fingerprint=found.get("print", ""),
    )


def number_is_taken(error: RefusedError) -> bool:
    words = error.words.lower()
    return "unique" in words or "already exist" in words or "already been used" in words


def is_missing(error: Exception) -> bool:
    return isinstance(error, problems.NotFoundError)
