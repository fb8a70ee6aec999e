"""The pages about a clinic's books in Xero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, allows, requires
from billing_integrations.xero import selectors, services
from billing_integrations.xero.forms import BookingForm
from billing_integrations.xero.models import XeroRun

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest

VISIBLE = 100
"""Differences that one page shows."""


def _frame(request: SignedInRequest, current: str, **more: Any) -> dict[str, Any]:
    pages = [("check", "Comparison", "scale", Resource.INVOICES)]
    pages.append(("settings", "How it is booked", "adjustments", Resource.INTEGRATIONS))
    pages.append(("contacts", "Contacts", "address-book", Resource.INTEGRATIONS))
    tabs = [
        {
            "label": label,
            "url": reverse(f"xero:{name}"),
            "active": name == current,
            "icon": icon,
        }
        for name, label, icon, resource in pages
        if allows(request.user, Action.VIEW, resource)
    ]
    return {
        "tabs": tabs,
        "connection": selectors.connection(),
        "settings": services.settings_of_clinic(),
        **more,
    }


@requires(Action.VIEW, Resource.INTEGRATIONS)
def booking(request: SignedInRequest) -> HttpResponse:
    """Show and change how the clinic's business is booked."""
    frame = _frame(request, "settings")
    settings = frame["settings"]
    may_change = allows(request.user, Action.CHANGE, Resource.INTEGRATIONS)
    if settings is None or not settings.chart:
        return render(request, "xero/empty.html", frame)
    if request.method == "POST" and may_change:
        form = BookingForm(settings, request.POST)
        if form.is_valid():
            services.save_settings(settings, form.changes(), actor=request.user)
            messages.success(request, "Saved. What is missing in Xero since then is on its way.")
            return redirect("xero:settings")
    else:
        form = BookingForm(settings)
    status = 422 if form.is_bound else 200
    frame |= {"form": form, "waiting": selectors.waiting(), "items": form.items}
    return render(request, "xero/settings.html", frame, status=status)


@require_POST
@requires(Action.CHANGE, Resource.INTEGRATIONS)
def read_chart(request: SignedInRequest) -> HttpResponse:
    """Have accounts, tax rates and tracking categories read again."""
    try:
        services.ask_chart(actor=request.user)
    except services.XeroError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "They are being read; open this page again in a moment.")
    return redirect("xero:settings")


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def check(request: SignedInRequest) -> HttpResponse:
    """Show what the last comparison found, and those before it."""
    frame = _frame(request, "check")
    organisation = frame["connection"].external_id if frame["connection"] else ""
    runs = selectors.runs(organisation, XeroRun.Kind.CHECK)
    latest = runs[0] if runs else None
    done = next((run for run in runs if run.state == XeroRun.State.DONE), None)
    frame |= {
        "runs": runs,
        "latest": latest,
        "done": done,
        "shown": (done.found[:VISIBLE] if done else []),
        "trouble": selectors.trouble(organisation),
        "cursor": selectors.cursor(organisation),
        "waiting": selectors.waiting(),
    }
    return render(request, "xero/check.html", frame)


@require_POST
@requires(Action.CHANGE, Resource.INVOICES)
def check_now(request: SignedInRequest) -> HttpResponse:
    """Compare both sides now."""
    return _start(request, XeroRun.Kind.CHECK, "xero:check")


@require_safe
@requires(Action.VIEW, Resource.INTEGRATIONS)
def contacts(request: SignedInRequest) -> HttpResponse:
    """Show which contacts of Xero the import brought along."""
    frame = _frame(request, "contacts")
    organisation = frame["connection"].external_id if frame["connection"] else ""
    runs = selectors.runs(organisation, XeroRun.Kind.CONTACTS)
    frame |= {
        "former": selectors.former(organisation),
        "runs": runs,
        "latest": runs[0] if runs else None,
    }
    return render(request, "xero/contacts.html", frame)


@require_POST
@requires(Action.CHANGE, Resource.INTEGRATIONS)
def match_contacts(request: SignedInRequest) -> HttpResponse:
    """Match them with what is there now."""
    return _start(request, XeroRun.Kind.CONTACTS, "xero:contacts")


def _start(request: SignedInRequest, kind: XeroRun.Kind, page: str) -> HttpResponse:
    try:
        services.ask_run(kind, actor=request.user)
    except services.XeroError as error:
        messages.error(request, str(error))
    return redirect(page)


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def run_state(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Answer how far a run is; once it has ended, the page is loaded anew."""
    found = selectors.run(pk)
    if found is None:
        raise Http404
    response = render(request, "xero/_running.html", {"latest": found})
    if found.state != XeroRun.State.RUNNING:
        response["HX-Refresh"] = "true"
    return response


@require_safe
@requires(Action.VIEW, Resource.INVOICES)
def invoice_state(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show how one invoice stands in Xero, and all of its that went there."""
    invoice = selectors.get_invoice(request.user, pk)
    frame = _frame(
        request, "", invoice=invoice, state=selectors.state_of(invoice),
        history=selectors.history(invoice),
    )  # fmt: skip
    return render(request, "xero/invoice.html", frame)


@require_POST
@requires(Action.CHANGE, Resource.INVOICES)
def send_again(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Send once more what Xero has refused of an invoice."""
    invoice = selectors.get_invoice(request.user, pk)
    count = services.send_again(invoice, actor=request.user)
    if count:
        messages.success(request, f"Invoice {invoice.number} is on its way to Xero again.")
    else:
        messages.info(request, "Nothing of this invoice waits for another try.")
    return redirect("xero:invoice", invoice.pk)
