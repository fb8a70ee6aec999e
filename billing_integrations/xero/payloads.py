"""What is sent to Xero, from the words of `ports.accounting`. Nothing clinical has a place in it."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing_integrations.xero.wire import dollars

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ports.accounting import Debtor, Receipt, Sale, SalesLine

LONGEST_NAME = 255
LONGEST_DESCRIPTION = 4000
MOST_TAGS = 2
"""Tracking categories that Xero knows in one organisation, and so on one line."""

Payload = dict[str, Any]


def contact(debtor: Debtor) -> Payload:
    found: Payload = {
        "ContactNumber": debtor.number,
        "Name": debtor.name[:LONGEST_NAME],
    }
    if debtor.email:
        found["EmailAddress"] = debtor.email[:LONGEST_NAME]
    return found


def invoice(sale: Sale) -> Payload:
    """Answer an invoice to a customer that counts at once; amounts include the tax."""
    found = _sale(sale) | {
        "Type": "ACCREC",
        "Status": "AUTHORISED",
        "InvoiceNumber": sale.number,
    }
    if sale.due_on:
        found["DueDate"] = sale.due_on.isoformat()
    return found


def credit_note(sale: Sale) -> Payload:
    return _sale(sale) | {
        "Type": "ACCRECCREDIT",
        "Status": "AUTHORISED",
        "CreditNoteNumber": sale.number,
    }


def _sale(sale: Sale) -> Payload:
    found: Payload = {
        # Any other field of the contact would overwrite Xero's, and drop its contact persons.
        "Contact": {"ContactID": sale.contact_id},
        "Date": sale.on.isoformat(),
        "LineAmountTypes": "Inclusive",
        "CurrencyCode": sale.currency,
        "LineItems": [_line(line) for line in sale.lines],
    }
    if sale.reference:
        found["Reference"] = sale.reference[:LONGEST_NAME]
    return found


def _line(line: SalesLine) -> Payload:
    found: Payload = {
        "Description": line.description[:LONGEST_DESCRIPTION],
        "Quantity": float(line.quantity),
        "LineAmount": dollars(line.total_cents),
        "AccountCode": line.account,
        "TaxType": line.tax,
    }
    if Decimal(line.unit_cents) * line.quantity == line.total_cents:
        # Else Xero would find its own product of the two, and refuse what is a cent away from it.
        found["UnitAmount"] = dollars(line.unit_cents)
    if line.tags:
        found["Tracking"] = [
            {"Name": tag.name, "Option": tag.option} for tag in line.tags[:MOST_TAGS]
        ]
    return found


def payment(receipt: Receipt) -> Payload:
    return {
        "Invoice": {"InvoiceID": receipt.invoice_id},
        "Account": {"Code": receipt.account},
        "Date": receipt.on.isoformat(),
        "Amount": dollars(receipt.cents),
        "Reference": receipt.reference,
    }


def allocation(invoice_id: str, cents: int, on: str) -> Payload:
    return {"Invoice": {"InvoiceID": invoice_id}, "Amount": dollars(cents), "Date": on}


def fingerprint(payload: Payload | Iterable[Payload]) -> str:
    """Answer a text that is the same only for the same content."""
    exact = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(exact.encode()).hexdigest()
