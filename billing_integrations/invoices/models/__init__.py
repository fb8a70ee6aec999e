"""The tables of invoices and payments, by topic. Money is in cents, quantities in hundredths."""

from __future__ import annotations

from billing_integrations.invoices.models.invoices import (
    CreditLine,
    CreditNote,
    Invoice,
    InvoiceLine,
    WaivedVisit,
    WriteOff,
)
from billing_integrations.invoices.models.ledger import LedgerEntry, Posting
from billing_integrations.invoices.models.past import PastInvoice
from billing_integrations.invoices.models.payers import DefaultPayer, FundingPayer, PayerKind
from billing_integrations.invoices.models.payments import Allocation, Payment, Refund
from billing_integrations.invoices.models.practice import BillingDetails, NumberSeries
from billing_integrations.invoices.models.prices import (
    CancellationRule,
    GstRule,
    ItemForType,
    Price,
    PriceItem,
    Unit,
)
from billing_integrations.invoices.models.runs import InvoiceBatch, InvoiceMail

__all__ = [
    "Allocation",
    "BillingDetails",
    "CancellationRule",
    "CreditLine",
    "CreditNote",
    "DefaultPayer",
    "FundingPayer",
    "GstRule",
    "Invoice",
    "InvoiceBatch",
    "InvoiceLine",
    "InvoiceMail",
    "ItemForType",
    "LedgerEntry",
    "NumberSeries",
    "PastInvoice",
    "PayerKind",
    "Payment",
    "Posting",
    "Price",
    "PriceItem",
    "Refund",
    "Unit",
    "WaivedVisit",
    "WriteOff",
]
