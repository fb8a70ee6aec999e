"""Where the rest of Nexus is told of Xero: what is delivered, what is heard, what is listened to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

from billing_integrations.invoices import hooks, panels
from billing_integrations.xero import money, queue, sales, selectors
from billing_integrations.xero.hearing import PullHandler, XeroReceiver
from connections import inbox, outbox
from ui.wording import money as money_words

if TYPE_CHECKING:
    from accounts.models import User
    from billing_integrations.invoices.models import Invoice


def register() -> None:
    deliveries: dict[str, tuple[outbox.Handler[Any], str]] = {
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
    panels.register("xero", _panels)
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


def _panels(_actor: User, invoice: Invoice) -> list[panels.Panel]:
    """Say on an invoice's page how it stands in Xero; more, and the way to try again, is a page away."""
    state = selectors.state_of(invoice)
    if state is None:
        return []
    owed = f"{money_words(state.due_cents)} owed there" if state.due_cents is not None else ""
    parts = [
        state.words,
        owed,
        state.problem,
        *(f"{one.what}: {one.problem}" for one in state.others),
    ]
    tone = state.tone if state.tone != "neutral" else "info"
    return [
        panels.Panel(
            title="Xero",
            words=". ".join(part.rstrip(".") for part in parts if part) + ".",
            tone="danger" if any(one.is_refused for one in state.others) else tone,
            icon="receipt-tax",
            url=reverse("xero:invoice", args=[invoice.pk]),
            url_label="Try again" if state.may_send_again else "Details",
        )
    ]
