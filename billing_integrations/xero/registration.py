"""Where the rest of Nexus is told of Xero: what is delivered, what is heard, what is listened to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from billing_integrations.invoices import hooks, panels
from billing_integrations.xero import money, queue, sales, selectors
from billing_integrations.xero.hearing import PullHandler, XeroReceiver
from connections import inbox, outbox

if TYPE_CHECKING:
    from accounts.models import User
    from billing_integrations.invoices.models import Invoice


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
    panels.register(panels.Panel("xero", "xero/_invoice.html", _facts, order=20))
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


def _facts(_actor: User, invoice: Invoice) -> dict[str, Any] | None:
    state = selectors.state_of(invoice)
    return {"state": state, "invoice": invoice} if state is not None else None
