"""Deliveries of contacts and invoices: made, found again where they may be there already, voided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from billing_integrations.invoices.models import Invoice
from billing_integrations.xero import booking, links, payloads
from billing_integrations.xero.delivery import (
    Payer,
    XeroHandler,
    check_organisation,
    find_or_make_contact,
    is_missing,
    keep_contact,
    key_for,
    link_for,
    number_is_taken,
    organisation_of,
    settings_for,
    wanted,
)
from billing_integrations.xero.links import Kind, State
from billing_integrations.xero.provider import client_of
from connections.outbox import Answer, NothingToSendError
from ports.outcomes import RefusedError
from ui.wording import money

if TYPE_CHECKING:
    from billing_integrations.xero.client import XeroClient
    from billing_integrations.xero.models import XeroLink, XeroSettings
    from connections.models import OutboxEntry
    from connections.opened import OpenConnection
    from ports.accounting import Debtor, Sale

DEAD = {"VOIDED", "DELETED"}


def payer_of(invoice: Invoice, settings: XeroSettings) -> Payer:
    """Answer who owes an invoice, and the contact they are in Xero as far as that is known."""
    payer = booking.payer_id(invoice.payer_kind, invoice.patient, invoice.contact)
    link = links.contact_link(settings.organisation, payer)
    by_patient = payer == invoice.patient_id
    return Payer(
        debtor=booking.debtor_of(invoice, settings),
        contact_id=link.xero_id if link else "",
        former_id=invoice.patient.xero_contact_id.strip().lower() if by_patient else "",
    )


def invoice_for(entry: OutboxEntry) -> Invoice:
    found = Invoice.objects.select_related("patient", "contact").filter(pk=entry.subject_id).first()
    if found is None:
        raise NothingToSendError("The invoice is not there any more.")
    return found


# ── contacts ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class ContactChange:
    debtor: Debtor
    contact_id: str
    payload: dict[str, Any]
    key: str


class ContactHandler(XeroHandler):
    """Tells Xero that a payer is called differently by now. The contact itself comes with its invoice."""

    kind = Kind.CONTACT

    def prepare(self, entry: OutboxEntry) -> ContactChange:
        settings, invoice = settings_for(entry), invoice_for(entry)
        payer = payer_of(invoice, settings)
        link = links.link_of(
            settings.organisation,
            Kind.CONTACT,
            booking.payer_id(invoice.payer_kind, invoice.patient, invoice.contact),
        )
        payload = payloads.contact(payer.debtor)
        if link is None or not link.xero_id or link.fingerprint == payloads.fingerprint(payload):
            raise NothingToSendError("The contact is called so already.")
        payload = payload | {"ContactID": link.xero_id}
        return ContactChange(payer.debtor, link.xero_id, payload, key_for(entry, link, payload))

    def send(
        self, entry: OutboxEntry, prepared: ContactChange, opened: OpenConnection | None
    ) -> Answer:
        with client_of(check_organisation(entry, opened)) as client:
            row = client.put_contact(prepared.payload, key=prepared.key)
        return Answer(str(row.get("ContactID") or prepared.contact_id))

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        invoice = invoice_for(entry)
        payer = booking.payer_id(invoice.payer_kind, invoice.patient, invoice.contact)
        link = links.link_of(organisation_of(entry), Kind.CONTACT, payer)
        settings = links.current_settings()
        if link is None or settings is None:
            return
        link.fingerprint = payloads.fingerprint(
            payloads.contact(booking.debtor_of(invoice, settings))
        )
        links.note_there(link, xero_id=answer.vendor_id)

    def failed(self, entry: OutboxEntry, error: Any) -> None:
        """Leave the contact as it is: invoices go on naming it."""


# ── invoices ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class PreparedSale:
    """A sale that lacks its contact; `may_be_there`: it was handed over before."""

    sale: Sale
    payer: Payer
    may_be_there: bool
    link: XeroLink
    entry: OutboxEntry


class InvoiceHandler(XeroHandler):
    """Makes an invoice, once: it is looked for by its number before it is made a second time."""

    kind = Kind.INVOICE

    def prepare(self, entry: OutboxEntry) -> PreparedSale:
        link, settings, invoice = wanted(entry, self.kind), settings_for(entry), invoice_for(entry)
        if invoice.state == Invoice.State.VOID and link.tried_at is None:
            links.note_gone(link, "Voided before it was sent.")
            raise NothingToSendError("The invoice was voided before it was sent.")
        if link.xero_id:
            raise NothingToSendError("It is in Xero already.")
        lines = invoice.lines.select_related("item", "appointment").order_by("position", "pk")
        sale = booking.sale_of(invoice, lines, settings)
        payer = payer_of(invoice, settings)
        return PreparedSale(sale, payer, links.note_try(link), link, entry)

    def send(
        self, entry: OutboxEntry, prepared: PreparedSale, opened: OpenConnection | None
    ) -> Answer:
        with client_of(check_organisation(entry, opened)) as client:
            if prepared.may_be_there and (row := _found(client, prepared.sale)):
                return _answer(row)
            contact = find_or_make_contact(client, prepared.payer)
            sale = replace(prepared.sale, contact_id=contact["id"])
            payload = payloads.invoice(sale)
            try:
                row = client.create_invoice(payload, key=key_for(entry, prepared.link, payload))
            except RefusedError as error:
                found = _found(client, sale) if number_is_taken(error) else None
                if found is None:
                    raise
                row = found
        return _answer(row, contact, payloads.fingerprint(payload))

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        link, invoice = wanted(entry, self.kind), invoice_for(entry)
        if contact := answer.kept.get("contact"):
            payer = booking.payer_id(invoice.payer_kind, invoice.patient, invoice.contact)
            keep_contact(organisation_of(entry), payer, contact)
        seen = answer.kept["seen"]
        links.note_there(
            link,
            xero_id=answer.vendor_id,
            number=answer.kept["number"],
            fingerprint=answer.kept.get("print", ""),
            seen=seen,
        )
        if seen["total"] != invoice.total_cents:
            link.state = State.ODD
            link.problem = (
                f"Xero makes it {money(seen['total'])}, here it is {money(invoice.total_cents)}. "
                "Look at the tax rate that is chosen for its lines."
            )
            link.save(update_fields=["state", "problem", "changed_at"])


def _answer(row: dict[str, Any], contact: dict[str, Any] | None = None, mark: str = "") -> Answer:
    kept: dict[str, Any] = {
        "number": str(row.get("InvoiceNumber") or ""),
        "seen": links.seen_of(row),
        "print": mark,
    }
    owner = str((row.get("Contact") or {}).get("ContactID") or "")
    kept["contact"] = contact or ({"id": owner} if owner else None)
    return Answer(str(row["InvoiceID"]), kept)


def _found(client: XeroClient, sale: Sale) -> dict[str, Any] | None:
    """Answer the invoice of this number; one that is somebody else's is refused in words."""
    rows = [
        row
        for row in client.invoices_by_number([sale.number])
        if row.get("InvoiceNumber") == sale.number and row.get("Status") not in DEAD
    ]
    if not rows:
        return None
    row = rows[0]
    seen = links.seen_of(row)
    if seen["total"] != sale.total_cents:
        raise RefusedError(
            f"Xero has another invoice {sale.number} already, of {money(seen['total'])}. "
            "Choose a prefix for the numbers, or delete the one there, then try again."
        )
    return row


# ── voiding ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class PreparedVoid:
    xero_id: str
    number: str
    total_cents: int
    link: XeroLink


class VoidHandler(XeroHandler):
    """Voids an invoice that was voided here."""

    kind = Kind.INVOICE

    def prepare(self, entry: OutboxEntry) -> PreparedVoid:
        link, invoice = wanted(entry, self.kind), invoice_for(entry)
        if link.tried_at is None:
            links.note_gone(link, "Voided before it was sent.")
            raise NothingToSendError("It never was in Xero.")
        return PreparedVoid(link.xero_id, link.number, invoice.total_cents, link)

    def send(
        self, entry: OutboxEntry, prepared: PreparedVoid, opened: OpenConnection | None
    ) -> Answer:
        with client_of(check_organisation(entry, opened)) as client:
            xero_id = prepared.xero_id or _lost(client, prepared)
            if not xero_id:
                return Answer()
            try:
                row = client.invoice(xero_id)
                if row.get("Status") not in DEAD:
                    payload = {"Status": "VOIDED"}
                    key = key_for(entry, prepared.link, payload)
                    row = client.change_invoice(xero_id, payload, key=key)
            except RefusedError as error:
                if is_missing(error):
                    return Answer(xero_id)
                raise
        return Answer(xero_id, {"seen": links.seen_of(row)})

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        link = wanted(entry, self.kind)
        link.xero_id = answer.vendor_id or link.xero_id
        link.seen = answer.kept.get("seen", link.seen)
        link.save(update_fields=["xero_id", "seen", "changed_at"])
        links.note_gone(link)

    def failed(self, entry: OutboxEntry, error: Any) -> None:
        link = link_for(entry, self.kind)
        if link is not None:
            links.note_refused(link, f"It is void here, but not in Xero: {error.words}")


def _lost(client: XeroClient, prepared: PreparedVoid) -> str:
    """Answer the id of what may have been made without our hearing of it."""
    for row in client.invoices_by_number([prepared.number]):
        is_ours = links.seen_of(row)["total"] == prepared.total_cents
        if row.get("InvoiceNumber") == prepared.number and is_ours:
            return str(row["InvoiceID"])
    return ""
