"""Who sees which invoices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import Action, Resource, allows
from billing_integrations.invoices.models import PastInvoice

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User


def visible_invoices(actor: User) -> QuerySet[PastInvoice]:
    may_see = allows(actor, Action.VIEW, Resource.INVOICES)
    return PastInvoice.objects.all() if may_see else PastInvoice.objects.none()
