"""Who asks, and the rows that a change holds while it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import Resource
from billing_integrations.invoices.models import CreditNote, Invoice, Payment
from clinical.practice.rules import require
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from accounts.models import User
    from accounts.permissions import Action

Source = Payment | CreditNote
"""What settles invoices."""


def asked_by(actor: User | None, action: Action) -> str:
    """Answer the name of who asks; raises PermissionDenied.

    None is the platform itself: an accounting package's payment, a rule that drafts a fee.
    """
    if actor is None:
        return current_scope().actor.label or "Nexus"
    require(actor, action, Resource.INVOICES)
    return actor.name or actor.email


def locked_invoices(ids: Iterable[UUID]) -> dict[UUID, Invoice]:
    """Hold invoices in the order of their ids, so that two changes never wait for each other."""
    rows = Invoice.objects.filter(pk__in=list(ids)).order_by("pk").select_for_update(of=("self",))
    return {invoice.pk: invoice for invoice in rows}


def locked_invoice(invoice: Invoice) -> Invoice:
    return Invoice.objects.select_for_update(of=("self",)).get(pk=invoice.pk)


def locked_source(source: Source) -> Source:
    """Hold a payment or a credit note; always after the invoices."""
    return type(source)._default_manager.select_for_update().get(pk=source.pk)


def open_cents(invoice: Invoice) -> int:
    """Answer what is owed by the columns in memory: the database's own follows when it is saved."""
    settled = invoice.paid_cents + invoice.credited_cents + invoice.written_off_cents
    return invoice.total_cents - settled


def left_cents(source: Source) -> int:
    whole = source.cents if isinstance(source, Payment) else source.total_cents
    return whole - source.allocated_cents - source.refunded_cents


def save_settled(invoice: Invoice) -> None:
    """Keep what was paid, credited and written off of an issued invoice, and the state it means."""
    owed = open_cents(invoice)
    if owed == 0:
        invoice.state = Invoice.State.PAID
    elif owed < invoice.total_cents:
        invoice.state = Invoice.State.PART_PAID
    else:
        invoice.state = Invoice.State.ISSUED
    invoice.save(
        update_fields=["state", "paid_cents", "credited_cents", "written_off_cents", "changed_at"]
    )
    invoice.open_cents = owed
