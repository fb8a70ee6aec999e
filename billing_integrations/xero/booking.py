"""How an invoice of ours is booked in Xero: accounts, taxes, tags, and words that tell nothing clinical.

Raises NotMappedError, in words for people, where the clinic has not said how.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, UUID, uuid5

from billing_integrations.invoices.models import GstRule, PayerKind
from billing_integrations.xero.models import XeroSettings
from ports.accounting import Debtor, Sale, SalesLine, Tag
from ports.outcomes import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from billing_integrations.invoices.models import (
        CreditLine,
        CreditNote,
        Invoice,
        InvoiceLine,
        WriteOff,
    )
    from clinical.contacts.models import Contact
    from clinical.patients.models import Patient

HUNDRED = Decimal(100)
SCHEMES = {
    PayerKind.NDIA: "National Disability Insurance Agency",
    PayerKind.DVA: "Department of Veterans' Affairs",
    PayerKind.MEDICARE: "Services Australia (Medicare)",
}
NEUTRAL = "Consultation"


class NotMappedError(RefusedError):
    """The clinic has not said how this is to be booked."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} Choose it under Settings → Integrations → Xero, then try again.")


def payer_id(kind: str, patient: Patient | None, contact: Contact | None) -> UUID:
    """Answer our id of who pays: it is the contact's number in Xero."""
    if contact is not None:
        return contact.pk
    if kind == PayerKind.PATIENT and patient is not None:
        return patient.pk
    return uuid5(NAMESPACE_URL, f"nexus:payer:{kind}")


def debtor_of(invoice: Invoice, settings: XeroSettings) -> Debtor:
    """Answer who owes, called as the clinic has chosen. Whoever is treated is not named besides."""
    number = str(payer_id(invoice.payer_kind, invoice.patient, invoice.contact))
    if invoice.payer_kind == PayerKind.PATIENT:
        patient_number = f"Patient {invoice.patient.number}"
        if settings.naming == XeroSettings.Naming.NUMBER:
            return Debtor(number, patient_number)
        name = invoice.payer_name or invoice.patient.full_name
        if settings.naming == XeroSettings.Naming.NAME_NUMBER:
            name = f"{name} ({invoice.patient.number})"
        return Debtor(number, name, invoice.payer_email)
    scheme = SCHEMES.get(PayerKind(invoice.payer_kind))
    if scheme is not None:
        return Debtor(number, scheme, is_person=False)
    name = invoice.payer_name or (str(invoice.contact) if invoice.contact else "") or "Payer"
    return Debtor(number, name, invoice.payer_email, is_person=False)


def number_of(settings: XeroSettings, number: str) -> str:
    return f"{settings.number_prefix}{number}"


def sale_of(
    invoice: Invoice, lines: Iterable[InvoiceLine], settings: XeroSettings, *, contact_id: str = ""
) -> Sale:
    """Answer an invoice as it is sent; the contact may be filled in later."""
    if invoice.issued_on is None:
        raise RefusedError("A draft is not sent.")
    return Sale(
        number=number_of(settings, invoice.number),
        contact_id=contact_id,
        on=invoice.issued_on,
        due_on=invoice.due_on,
        lines=tuple(_line(line, settings) for line in lines),
        reference=invoice.reference,
        currency=str(settings.chart.get("currency") or "AUD"),
    )


def credit_of(
    note: CreditNote, lines: Iterable[CreditLine], settings: XeroSettings, *, contact_id: str
) -> Sale:
    return Sale(
        number=number_of(settings, note.number),
        contact_id=contact_id,
        on=note.issued_on,
        due_on=None,
        lines=tuple(
            SalesLine(
                description=words_of(line.line, settings),
                quantity=Decimal(1),
                unit_cents=line.total_cents,
                total_cents=line.total_cents,
                account=account_of(line.line, settings),
                tax=tax_of(line.line, settings),
                tags=tags_of(line.line, settings),
            )
            for line in lines
        ),
        reference=number_of(settings, note.invoice.number),
        currency=str(settings.chart.get("currency") or "AUD"),
    )


def write_off_of(write_off: WriteOff, settings: XeroSettings, *, contact_id: str) -> Sale:
    """Answer a write-off as the credit note it is in Xero, its GST in the invoice's proportion."""
    if not settings.write_off_account:
        raise NotMappedError("No account for what is written off is chosen.")
    invoice = write_off.invoice
    # What is taxed of the invoice is eleven times its GST.
    taxed = min(invoice.total_cents, invoice.gst_cents * 11)
    share = (write_off.cents * taxed * 2 + invoice.total_cents) // (invoice.total_cents * 2)
    parts = [(share, GstRule.TAXABLE), (write_off.cents - share, GstRule.FREE)]
    number = number_of(settings, invoice.number)
    return Sale(
        number=f"{number}-W{write_off.pk.hex[-6:].upper()}",
        contact_id=contact_id,
        on=write_off.written_off_on,
        due_on=None,
        lines=tuple(
            SalesLine(
                description="Written off",
                quantity=Decimal(1),
                unit_cents=part,
                total_cents=part,
                account=settings.write_off_account,
                tax=_rule_tax(rule, settings),
            )
            for part, rule in parts
            if part
        ),
        reference=number,
        currency=str(settings.chart.get("currency") or "AUD"),
    )


def _line(line: InvoiceLine, settings: XeroSettings) -> SalesLine:
    return SalesLine(
        description=words_of(line, settings),
        quantity=Decimal(line.quantity_hundredths) / HUNDRED,
        unit_cents=line.unit_cents,
        total_cents=line.total_cents,
        account=account_of(line, settings),
        tax=tax_of(line, settings),
        tags=tags_of(line, settings),
    )


def words_of(line: InvoiceLine, settings: XeroSettings) -> str:
    """Answer the item's name or the neutral words; what was typed into the line never leaves."""
    neutral = settings.neutral_words or NEUTRAL
    if settings.wording == XeroSettings.Wording.NEUTRAL or line.item is None:
        return neutral
    return line.item.name or neutral


def account_of(line: InvoiceLine, settings: XeroSettings) -> str:
    """Answer the most exact account: of the item, of the kind of visit, of the price list, for all."""
    items, types = settings.income.get("items") or {}, settings.income.get("types") or {}
    visit_type = line.appointment.appointment_type_id if line.appointment else None
    known = {str(row.get("code")) for row in settings.chart.get("accounts") or []}
    found = (
        items.get(str(line.item_id))
        or types.get(str(visit_type))
        or (line.income_account if line.income_account in known else "")
        or settings.income.get("default")
    )
    if not found:
        raise NotMappedError(f"No income account is chosen for {line.code or 'this line'}.")
    return str(found)


def tax_of(line: InvoiceLine, settings: XeroSettings) -> str:
    items = settings.taxes.get("items") or {}
    return str(items.get(str(line.item_id)) or _rule_tax(line.gst_rule, settings))


def _rule_tax(rule: str, settings: XeroSettings) -> str:
    found = settings.taxes.get(rule)
    if not found:
        raise NotMappedError(f"No tax rate of Xero is chosen for “{GstRule(rule).label}”.")
    return str(found)


def tags_of(line: InvoiceLine, settings: XeroSettings) -> tuple[Tag, ...]:
    found = []
    for way, pk in (("practitioner", line.practitioner_id), ("location", line.location_id)):
        chosen = settings.tags.get(way) or {}
        option = (chosen.get("options") or {}).get(str(pk))
        if chosen.get("category") and option:
            found.append(Tag(str(chosen["category"]), str(option)))
    return tuple(found)


def bank_of(method: str, settings: XeroSettings) -> str:
    found = settings.banks.get(method) or settings.banks.get("default")
    if not found:
        raise NotMappedError("No bank account of Xero is chosen for payments.")
    return str(found)
