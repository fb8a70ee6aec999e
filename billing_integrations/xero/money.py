"""Deliveries of payments, credit notes, write-offs, and of what was taken back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from billing_integrations.invoices.models import Allocation, CreditNote, Refund, WriteOff
from billing_integrations.xero import booking, links, payloads
from billing_integrations.xero.delivery import (
    Payer,
    XeroHandler,
    check_organisation,
    find_or_make_contact,
    is_missing,
    key_for,
    linked_id,
    organisation_of,
    settings_for,
    wanted,
)
from billing_integrations.xero.links import Kind
from billing_integrations.xero.provider import client_of
from billing_integrations.xero.sales import payer_of
from billing_integrations.xero.wire import cents
from connections.outbox import Answer, NothingToSendError
from ports.accounting import Receipt
from ports.outcomes import RefusedError

if TYPE_CHECKING:
    from uuid import UUID

    from billing_integrations.xero.client import XeroClient
    from billing_integrations.xero.models import XeroLink
    from connections.models import OutboxEntry
    from connections.opened import OpenConnection
    from ports.accounting import Sale

OURS = "NX-"
"""What the reference of a payment that Nexus sent begins with."""


def reference_of(pk: UUID) -> str:
    """Answer the reference a payment of ours is found again by; it is ours alone, and short."""
    return f"{OURS}{pk.hex.upper()}"


@dataclass(frozen=True)
class PreparedPayment:
    payload: dict[str, Any]
    reference: str
    may_be_there: bool
    link: XeroLink


class PaymentHandler(XeroHandler):
    """Records in Xero what was paid here: one payment there for each invoice it went to."""

    kind = Kind.PAYMENT

    def prepare(self, entry: OutboxEntry) -> PreparedPayment:
        link, settings = wanted(entry, self.kind), settings_for(entry)
        found = Allocation.objects.select_related("payment").filter(pk=entry.subject_id).first()
        if found is None or found.payment is None:
            raise NothingToSendError("The payment is not there any more.")
        if found.undone_at is not None and link.tried_at is None:
            links.note_gone(link)
            raise NothingToSendError("The payment was taken back before it was sent.")
        receipt = Receipt(
            invoice_id=linked_id(
                settings.organisation, Kind.INVOICE, found.invoice_id, "The invoice"
            ),
            account=booking.bank_of(found.payment.method, settings),
            on=found.payment.paid_on,
            cents=found.cents,
            reference=reference_of(found.pk),
        )
        payload = payloads.payment(receipt)
        return PreparedPayment(payload, receipt.reference, links.note_try(link), link)

    def send(
        self, entry: OutboxEntry, prepared: PreparedPayment, opened: OpenConnection | None
    ) -> Answer:
        with client_of(check_organisation(entry, opened)) as client:
            row = None
            if prepared.may_be_there:
                row = client.payment_by_reference(prepared.reference)
            if row is None:
                key = key_for(entry, prepared.link, prepared.payload)
                row = client.create_payment(prepared.payload, key=key)
        mark = payloads.fingerprint(prepared.payload)
        kept = {"number": prepared.reference, "print": mark, "cents": cents(row.get("Amount"))}
        return Answer(str(row["PaymentID"]), kept)

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        links.note_there(
            wanted(entry, self.kind),
            xero_id=answer.vendor_id,
            number=answer.kept["number"],
            fingerprint=answer.kept["print"],
            seen={"cents": answer.kept["cents"]},
        )


class RefundHandler(PaymentHandler):
    """Records that credit was given back in money."""

    def prepare(self, entry: OutboxEntry) -> PreparedPayment:
        link, settings = wanted(entry, self.kind), settings_for(entry)
        found = Refund.objects.filter(pk=entry.subject_id).first()
        if found is None or found.credit_note_id is None:
            raise NothingToSendError("The refund is not there any more.")
        if found.undone_at is not None and link.tried_at is None:
            links.note_gone(link)
            raise NothingToSendError("The refund was taken back before it was sent.")
        note_id = linked_id(
            settings.organisation, Kind.CREDIT_NOTE, found.credit_note_id, "The credit note"
        )
        receipt = Receipt(
            invoice_id="",
            account=booking.bank_of(found.method, settings),
            on=found.refunded_on,
            cents=found.cents,
            reference=reference_of(found.pk),
        )
        payload = payloads.payment(receipt) | {"CreditNote": {"CreditNoteID": note_id}}
        del payload["Invoice"]
        return PreparedPayment(payload, receipt.reference, links.note_try(link), link)


@dataclass(frozen=True)
class PreparedUndo:
    xero_id: str
    reference: str
    is_credit: bool
    link: XeroLink


class UndoHandler(XeroHandler):
    """Takes back in Xero what was taken back here."""

    kind = Kind.PAYMENT

    def prepare(self, entry: OutboxEntry) -> PreparedUndo:
        organisation = organisation_of(entry)
        link = links.link_of(organisation, Kind.PAYMENT, entry.subject_id)
        credit = links.link_of(organisation, Kind.ALLOCATION, entry.subject_id)
        found = link or credit
        if found is None:
            raise NothingToSendError("It is not meant for Xero.")
        if found.tried_at is None:
            links.note_gone(found)
            raise NothingToSendError("It never was in Xero.")
        reference = reference_of(entry.subject_id)
        return PreparedUndo(found.xero_id, reference, link is None, found)

    def send(
        self, entry: OutboxEntry, prepared: PreparedUndo, opened: OpenConnection | None
    ) -> Answer:
        if prepared.is_credit:
            if not prepared.xero_id:
                return Answer()
            raise RefusedError(
                "Xero lets people only take a credit note off an invoice: open the invoice there, and "
                "remove the credit."
            )
        with client_of(check_organisation(entry, opened)) as client:
            xero_id = prepared.xero_id
            if not xero_id:
                row = client.payment_by_reference(prepared.reference)
                xero_id = str(row["PaymentID"]) if row else ""
            if not xero_id:
                return Answer()
            key = key_for(entry, prepared.link, {"Status": "DELETED"})
            try:
                client.delete_payment(xero_id, key=key)
            except RefusedError as error:
                if not is_missing(error) and "deleted" not in error.words.lower():
                    raise
        return Answer(xero_id)

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        link = self._link(entry)
        if link is not None:
            link.xero_id = answer.vendor_id or link.xero_id
            link.save(update_fields=["xero_id", "changed_at"])
            links.note_gone(link)

    def failed(self, entry: OutboxEntry, error: Any) -> None:
        link = self._link(entry)
        if link is not None:
            links.note_refused(link, f"It is taken back here, but not in Xero: {error.words}")

    def _link(self, entry: OutboxEntry) -> XeroLink | None:
        organisation = organisation_of(entry)
        return links.link_of(organisation, Kind.PAYMENT, entry.subject_id) or links.link_of(
            organisation, Kind.ALLOCATION, entry.subject_id
        )


# ── credit notes ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class PreparedCredit:
    sale: Sale
    payer: Payer
    may_be_there: bool
    link: XeroLink
    allocate_to: str = ""
    """The invoice in Xero it is set against at once; empty: it stays as credit."""


class CreditHandler(XeroHandler):
    """Makes a credit note; what it is set against follows by itself."""

    kind = Kind.CREDIT_NOTE

    def prepare(self, entry: OutboxEntry) -> PreparedCredit:
        link, settings = wanted(entry, self.kind), settings_for(entry)
        note = (
            CreditNote.objects.select_related("invoice__patient", "invoice__contact")
            .filter(pk=entry.subject_id)
            .first()
        )
        if note is None:
            raise NothingToSendError("The credit note is not there any more.")
        lines = note.lines.select_related("line__item", "line__appointment").order_by("pk")
        sale = booking.credit_of(note, lines, settings, contact_id="")
        payer = payer_of(note.invoice, settings)
        return PreparedCredit(sale, payer, links.note_try(link), link)

    def send(
        self, entry: OutboxEntry, prepared: PreparedCredit, opened: OpenConnection | None
    ) -> Answer:
        with client_of(check_organisation(entry, opened)) as client:
            row = None
            if prepared.may_be_there:
                row = client.credit_note_by_number(prepared.sale.number)
            if row is None:
                contact = find_or_make_contact(client, prepared.payer)
                sale = replace(prepared.sale, contact_id=contact["id"])
                payload = payloads.credit_note(sale)
                key = key_for(entry, prepared.link, payload)
                row = client.create_credit_note(payload, key=key)
            note_id = str(row["CreditNoteID"])
            if prepared.allocate_to:
                self._allocate(client, entry, prepared, note_id)
        return Answer(note_id, {"number": prepared.sale.number})

    def _allocate(
        self, client: XeroClient, entry: OutboxEntry, prepared: PreparedCredit, note_id: str
    ) -> None:
        sale = prepared.sale
        if prepared.may_be_there and _is_allocated(
            client, sale.number, prepared.allocate_to, sale.total_cents
        ):
            return
        payload = payloads.allocation(prepared.allocate_to, sale.total_cents, sale.on.isoformat())
        key = key_for(entry, prepared.link, payload)
        client.allocate(note_id, payload, key=key)

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        links.note_there(
            wanted(entry, self.kind), xero_id=answer.vendor_id, number=answer.kept["number"]
        )


class WriteOffHandler(CreditHandler):
    """Makes a write-off a credit note on the account for bad debts, set against its invoice."""

    kind = Kind.WRITE_OFF

    def prepare(self, entry: OutboxEntry) -> PreparedCredit:
        link, settings = wanted(entry, self.kind), settings_for(entry)
        found = (
            WriteOff.objects.select_related("invoice__patient", "invoice__contact")
            .filter(pk=entry.subject_id)
            .first()
        )
        if found is None or (found.undone_at is not None and link.tried_at is None):
            raise NothingToSendError("The write-off was taken back before it was sent.")
        sale = booking.write_off_of(found, settings, contact_id="")
        invoice_id = linked_id(settings.organisation, Kind.INVOICE, found.invoice_id, "The invoice")
        payer = payer_of(found.invoice, settings)
        return PreparedCredit(sale, payer, links.note_try(link), link, invoice_id)


@dataclass(frozen=True)
class PreparedAllocation:
    note_id: str
    note_number: str
    invoice_id: str
    cents: int
    on: str
    may_be_there: bool
    link: XeroLink


class AllocationHandler(XeroHandler):
    """Sets a credit note against an invoice, as it was here."""

    kind = Kind.ALLOCATION

    def prepare(self, entry: OutboxEntry) -> PreparedAllocation:
        link, settings = wanted(entry, self.kind), settings_for(entry)
        found = Allocation.objects.filter(pk=entry.subject_id).first()
        if found is None or found.credit_note_id is None:
            raise NothingToSendError("The credit is not there any more.")
        if found.undone_at is not None and link.tried_at is None:
            links.note_gone(link)
            raise NothingToSendError("The credit was taken back before it was sent.")
        organisation = settings.organisation
        note_id = linked_id(organisation, Kind.CREDIT_NOTE, found.credit_note_id, "The credit note")
        note = links.link_of(organisation, Kind.CREDIT_NOTE, found.credit_note_id)
        return PreparedAllocation(
            note_id=note_id,
            note_number=note.number if note else "",
            invoice_id=linked_id(organisation, Kind.INVOICE, found.invoice_id, "The invoice"),
            cents=found.cents,
            on=found.allocated_on.isoformat(),
            may_be_there=links.note_try(link),
            link=link,
        )

    def send(
        self, entry: OutboxEntry, prepared: PreparedAllocation, opened: OpenConnection | None
    ) -> Answer:
        with client_of(check_organisation(entry, opened)) as client:
            if prepared.may_be_there and _is_allocated(
                client, prepared.note_number, prepared.invoice_id, prepared.cents
            ):
                return Answer(prepared.note_id)
            payload = payloads.allocation(prepared.invoice_id, prepared.cents, prepared.on)
            key = key_for(entry, prepared.link, payload)
            row = client.allocate(prepared.note_id, payload, key=key)
        return Answer(str(row.get("AllocationID") or prepared.note_id))

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        links.note_there(
            wanted(entry, self.kind), xero_id=f"{answer.vendor_id}:{entry.subject_id.hex[-8:]}"
        )


def _is_allocated(client: XeroClient, number: str, invoice_id: str, amount: int) -> bool:
    note = client.credit_note_by_number(number)
    rows = (note.get("Allocations") if note else None) or []
    return any(
        str((row.get("Invoice") or {}).get("InvoiceID")) == invoice_id
        and cents(row.get("Amount")) == amount
        for row in rows
        if isinstance(row, dict)
    )
