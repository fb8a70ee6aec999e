"""How invoices are shown: their state as a pill, quantities as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template

from billing_integrations.invoices import money
from billing_integrations.invoices.models import Invoice, InvoiceMail
from ui.templatetags.ui import pill

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

register = template.Library()

_STATES = {
    Invoice.State.DRAFT: ("neutral", "pencil"),
    Invoice.State.ISSUED: ("info", "send"),
    Invoice.State.PART_PAID: ("warning", "progress"),
    Invoice.State.PAID: ("success", "check"),
    Invoice.State.VOID: ("neutral", "ban"),
}
_MAILS = {
    InvoiceMail.State.QUEUED: ("info", "send"),
    InvoiceMail.State.SENT: ("success", "check"),
    InvoiceMail.State.FAILED: ("danger", "alert-triangle"),
    InvoiceMail.State.UNCLEAR: ("warning", "help"),
}


@register.simple_tag
def invoice_state(invoice: Invoice, today: Any = None) -> SafeString:
    """Draw the state; what is due before `today` is overdue."""
    if today and invoice.is_open and invoice.due_on and invoice.due_on < today:
        return pill("Overdue", "danger", "clock")
    tone, icon = _STATES[Invoice.State(invoice.state)]
    label = invoice.get_state_display()
    if invoice.state == Invoice.State.PAID and not invoice.paid_cents and invoice.total_cents:
        label = "Credited" if invoice.credited_cents else "Written off"
    return pill(label, tone, icon)


@register.simple_tag
def mail_state(mail: InvoiceMail) -> SafeString:
    tone, icon = _MAILS[InvoiceMail.State(mail.state)]
    return pill(mail.get_state_display(), tone, icon)


@register.filter
def quantity(hundredths: int) -> str:
    return money.quantity(hundredths)


@register.filter
def payer_of(invoice: Invoice) -> str:
    """Name who pays in one line."""
    if invoice.payer_name:
        return invoice.payer_name.splitlines()[0]
    return str(invoice.contact) if invoice.contact else invoice.get_payer_kind_display()
