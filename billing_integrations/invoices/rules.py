"""Who sees which invoices and payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import Action, Resource, allows
from billing_integrations.invoices.models import Invoice, PastInvoice, Payment

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User


def visible_invoices(actor: User) -> QuerySet[PastInvoice]:
    """Answer the old system's."""
    may_see = allows(actor, Action.VIEW, Resource.INVOICES)
    return PastInvoice.objects.all() if may_see else PastInvoice.objects.none()


def visible_bills(actor: User) -> QuerySet[Invoice]:
    """Answer the invoices written here."""
    may_see = allows(actor, Action.VIEW, Resource.INVOICES)
    return Invoice.objects.all() if may_see else Invoice.objects.none()


def visible_payments(actor: User) -> QuerySet[Payment]:
    may_see = allows(actor, Action.VIEW, Resource.INVOICES)
    return Payment.objects.all() if may_see else Payment.objects.none()
