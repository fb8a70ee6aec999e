"""What stands for what: reading and writing the links between our things and Xero's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils import timezone

from billing_integrations.xero.models import XeroLink, XeroSettings
from billing_integrations.xero.wire import cents
from clinical.patients.models import Patient
from connections import selectors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import Model

    from connections.models import Connection

Kind, State = XeroLink.Kind, XeroLink.State
LONGEST_WORDS = 1000


def connection() -> Connection | None:
    """Answer the clinic's connection to Xero, working or broken, with its organisation chosen."""
    found = selectors.connection("xero")
    return found if found is not None and found.external_id else None


def current_settings() -> XeroSettings | None:
    """Answer how the connected organisation is booked; None where nothing is to be sent (yet)."""
    found = connection()
    if found is None:
        return None
    return XeroSettings.objects.filter(
        organisation=found.external_id, go_live__isnull=False
    ).first()


def link_of(organisation: str, kind: str, object_id: UUID) -> XeroLink | None:
    return XeroLink.objects.filter(
        organisation=organisation, kind=kind, object_id=object_id
    ).first()


def wanted_link(
    organisation: str,
    kind: str,
    subject: Model | UUID,
    *,
    invoice_id: UUID | None,
    number: str = "",
) -> XeroLink:
    """Answer the link of a thing that is to be sent, made where there is none."""
    object_id = subject if isinstance(subject, UUID) else subject.pk
    link, _ = XeroLink.objects.get_or_create(
        organisation=organisation,
        kind=kind,
        object_id=object_id,
        defaults={"invoice_id": invoice_id, "number": number},
    )
    return link


def contact_link(organisation: str, payer: UUID) -> XeroLink | None:
    """Answer the contact of a payer, or that of a record that was merged into theirs."""
    found = link_of(organisation, Kind.CONTACT, payer)
    if found is not None and found.xero_id:
        return found
    former = Patient.everyone.filter(merged_into=payer).values_list("pk", flat=True)
    return (
        XeroLink.objects.filter(
            organisation=organisation, kind=Kind.CONTACT, object_id__in=list(former)
        )
        .exclude(xero_id="")
        .first()
        or found
    )


def note_try(link: XeroLink) -> bool:
    """Note that it is being handed over; answers whether it may be there from an earlier time."""
    if link.tried_at is not None:
        return True
    link.tried_at = timezone.now()
    link.save(update_fields=["tried_at", "changed_at"])
    return False


def note_there(
    link: XeroLink, *, xero_id: str, number: str = "", fingerprint: str = "", seen: Any = None
) -> None:
    """Write down that it is in Xero."""
    now = timezone.now()
    link.xero_id, link.state, link.problem = xero_id, State.LINKED, ""
    link.number = number or link.number
    link.fingerprint = fingerprint or link.fingerprint
    link.sent_at = link.sent_at or now
    if seen is not None:
        link.seen, link.seen_at = seen, now
    link.save()


def note_refused(link: XeroLink, words: str) -> None:
    link.state = State.REFUSED if not link.xero_id else State.ODD
    link.problem = words[:LONGEST_WORDS]
    link.refusals += 1
    link.save(update_fields=["state", "problem", "refusals", "changed_at"])


def note_gone(link: XeroLink, words: str = "") -> None:
    link.state, link.problem = State.GONE, words[:LONGEST_WORDS]
    link.save(update_fields=["state", "problem", "changed_at"])


def seen_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Answer how an invoice stands in Xero, in cents."""
    return {
        "status": str(row.get("Status") or ""),
        "total": cents(row.get("Total")),
        "due": cents(row.get("AmountDue")),
        "paid": cents(row.get("AmountPaid")),
        "credited": cents(row.get("AmountCredited")),
    }
