"""Where the rest of Nexus is told of Xero: what is delivered, what is heard, what is listened to."""

from __future__ import annotations

from billing_integrations.invoices import hooks
from billing_integrations.xero import money, queue, sales
from billing_integrations.xero.hearing import PullHandler, XeroReceiver
from connections import inbox, outbox


def register() -> None:
    deliveries = {
        queue.CONTACT: (sales.ContactHandler(), "Changed contact to Xero"),
        queue.INVOICE: (sales.InvoiceHandler(), "Invoice to Xero"),
        queue.VOID: (sales.VoidHandler(), "Voided invoice to Xero"),
        queue.PAYMENT: (money.PaymentHandler(), "Payment to Xero"),
        queue.PAYMENT_UNDO: (money.UndoHandler(), "Payment taken back in Xero"),
        queue.CREDIT: (money.CreditHandler(), "Credit note to Xero"),
        queue.ALLOCATION: (money.AllocationHandler(), "Credit set against an invoice in Xero"),
        queue.REFUND: (money.RefundHandler(), "Refund to Xero"),
        queue.WRITE_OFF: (money.WriteOffHandler(), "Write-off to Xero"),
        queue.PULL: (PullHandler(), "Invoice read from Xero"),
    }
    for kind, (handler, label) in deliveries.items():
        outbox.delivers(kind, handler, repeats=True, label=label)
    inbox.receives("xero", XeroReceiver())
    hooks.listen(
        "xero",
        on_issued=queue.on_issued,
        on_voided=queue.on_voided,
        on_allocated=queue.on_allocated,
        on_unallocated=queue.on_unallocated,
        on_credit=queue.on_credit,
        on_refund=queue.on_refund,
        on_write_off=queue.on_write_off,
    )
