"""What stands of claims on an invoice's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from billing_integrations.invoices.models import PayerKind
from billing_integrations.ndis.selectors import claims_of_invoice
from billing_integrations.ndis.statements import statement_of

if TYPE_CHECKING:
    from accounts.models import User
    from billing_integrations.invoices.models import Invoice


def claims_facts(_actor: User, invoice: Invoice) -> dict[str, Any] | None:
    """Answer how the NDIA was asked to pay, or what a claim with Medicare or DVA needs yet."""
    if invoice.is_draft:
        return None
    if invoice.payer_kind == PayerKind.NDIA:
        return {"claims": claims_of_invoice(invoice), "is_ndia": True, "invoice": invoice}
    statement = statement_of(invoice)
    if statement is None:
        return None
    return {"statement": statement, "is_ndia": False, "invoice": invoice}
