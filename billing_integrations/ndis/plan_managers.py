"""Invoices for plan-managed participants: which are issued, by plan manager, and which went out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone

from billing_integrations.invoices.models import Invoice, InvoiceMail, PayerKind
from billing_integrations.invoices.rules import visible_bills
from billing_integrations.invoices.services import InvoiceError
from billing_integrations.invoices.services.mailing import mail_invoice
from billing_integrations.ndis.services.errors import NdisError
from clinical.contacts.models import Contact

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from uuid import UUID

    from accounts.models import User

MOST = 1_000


class MailError(NdisError):
    """An invoice cannot be mailed to its plan manager."""


@dataclass(frozen=True)
class PlanInvoice:
    """An invoice with its last mail."""

    invoice: Invoice
    mail: InvoiceMail | None

    @property
    def is_on_its_way(self) -> bool:
        sent = (InvoiceMail.State.QUEUED, InvoiceMail.State.SENT, InvoiceMail.State.UNCLEAR)
        return self.mail is not None and self.mail.state in sent

    @property
    def is_overdue(self) -> bool:
        return self.days_over > 0

    @property
    def days_over(self) -> int:
        due: date | None = self.invoice.due_on
        return (timezone.localdate() - due).days if due else 0


@dataclass(frozen=True)
class PlanManager:
    """A plan manager with the invoices that are open with them."""

    contact: Contact
    invoices: list[PlanInvoice]

    @property
    def open_cents(self) -> int:
        return sum(one.invoice.open_cents for one in self.invoices)

    @property
    def to_send(self) -> list[PlanInvoice]:
        return [one for one in self.invoices if not one.is_on_its_way]


def open_by_plan_manager(actor: User) -> list[PlanManager]:
    """Answer the open invoices that plan managers pay, in the order of their names."""
    mails = InvoiceMail.objects.filter(kind=InvoiceMail.Kind.INVOICE).order_by("-pk")
    invoices = (
        visible_bills(actor)
        .filter(
            payer_kind=PayerKind.CONTACT,
            contact__kind=Contact.Kind.PLAN_MANAGER,
            state__in=Invoice.OPEN_STATES,
        )
        .select_related("contact", "patient")
        .prefetch_related(Prefetch("mails", queryset=mails, to_attr="letters"))
        .order_by("contact__search_name", "contact_id", "due_on", "serial")
    )
    found: dict[UUID, PlanManager] = {}
    for invoice in invoices[:MOST]:
        contact = invoice.contact
        if contact is None:
            continue
        manager = found.setdefault(contact.pk, PlanManager(contact, []))
        letters: list[InvoiceMail] = getattr(invoice, "letters", [])
        manager.invoices.append(PlanInvoice(invoice, letters[0] if letters else None))
    return list(found.values())


@transaction.atomic
def mail_to_plan_manager(contact: Contact, invoice_ids: Collection[UUID], *, actor: User) -> int:
    """Mail the chosen open invoices of a plan manager, one mail each; answers how many.

    One that is on its way or was sent is left alone. Raises MailError.
    """
    if not contact.email:
        raise MailError(f"{contact} has no mail address. Add it in the address book.")
    mine = [one for one in open_by_plan_manager(actor) if one.contact.pk == contact.pk]
    chosen = [
        one.invoice for manager in mine for one in manager.to_send if one.invoice.pk in invoice_ids
    ]
    if not chosen:
        raise MailError("Choose at least one invoice that was not sent yet.")
    try:
        for invoice in chosen:
            mail_invoice(invoice, actor=actor, address=contact.email)
    except InvoiceError as error:
        raise MailError(str(error)) from error
    return len(chosen)
