"""Invoices to plan managers: what is open with each, and sending it by mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from billing_integrations.ndis import plan_managers
from billing_integrations.ndis.forms import SendForm
from billing_integrations.ndis.links import invoice_url
from clinical.contacts.models import Contact

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def page(request: SignedInRequest) -> HttpResponse:
    """Show what plan managers owe, by plan manager."""
    managers = [
        {
            "manager": manager,
            "rows": [{"one": one, "url": invoice_url(one.invoice)} for one in manager.invoices],
        }
        for manager in plan_managers.open_by_plan_manager(request.user)
    ]
    return render(request, "ndis/plan_managers.html", {"managers": managers})


@require_POST
@requires(Action.CREATE, Resource.INVOICES)
def send(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Mail the ticked invoices to one plan manager."""
    contact = get_object_or_404(Contact, pk=pk, kind=Contact.Kind.PLAN_MANAGER)
    form = SendForm(request.POST)
    try:
        number = plan_managers.mail_to_plan_manager(contact, form.chosen(), actor=request.user)
    except plan_managers.MailError as error:
        messages.error(request, str(error))
    else:
        words = "1 invoice is" if number == 1 else f"{number} invoices are"
        messages.success(request, f"{words} on the way to {contact.email}.")
    return redirect("ndis:plan_managers")
