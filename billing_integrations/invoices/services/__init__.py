"""The verbs about invoices and payments. Each is one transaction; hooks are told inside it."""

from __future__ import annotations

from billing_integrations.invoices.services.batches import ask_for_batch, make_next
from billing_integrations.invoices.services.charging import (
    Proposal,
    charge_after_all,
    charge_visits,
    propose,
    waive_visit,
)
from billing_integrations.invoices.services.drafting import (
    Charge,
    change_draft,
    delete_draft,
    draft_invoice,
)
from billing_integrations.invoices.services.errors import (
    AlreadyChargedError,
    ChangedMeanwhileError,
    InvoiceError,
    NotADraftError,
    NothingToChargeError,
    NotOpenError,
    OtherPayerError,
    PaymentVoidError,
    StillSettledError,
    TooMuchError,
)
from billing_integrations.invoices.services.issuing import (
    credit_all,
    credit_invoice,
    issue_invoice,
    void_invoice,
)
from billing_integrations.invoices.services.mailing import (
    mail_invoice,
    mail_receipt,
    mail_statement,
    send_again,
)
from billing_integrations.invoices.services.numbering import billing_details
from billing_integrations.invoices.services.settling import (
    receive_payment,
    record_payment,
    refund,
    take_back_allocation,
    take_back_refund,
    take_back_write_off,
    use_credit,
    void_payment,
    write_off,
)

__all__ = [
    "AlreadyChargedError",
    "ChangedMeanwhileError",
    "Charge",
    "InvoiceError",
    "NotADraftError",
    "NotOpenError",
    "NothingToChargeError",
    "OtherPayerError",
    "PaymentVoidError",
    "Proposal",
    "StillSettledError",
    "TooMuchError",
    "ask_for_batch",
    "billing_details",
    "change_draft",
    "charge_after_all",
    "charge_visits",
    "credit_all",
    "credit_invoice",
    "delete_draft",
    "draft_invoice",
    "issue_invoice",
    "mail_invoice",
    "mail_receipt",
    "mail_statement",
    "make_next",
    "propose",
    "receive_payment",
    "record_payment",
    "refund",
    "send_again",
    "take_back_allocation",
    "take_back_refund",
    "take_back_write_off",
    "use_credit",
    "void_invoice",
    "void_payment",
    "waive_visit",
    "write_off",
]
