"""Where the pages are that mend what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

if TYPE_CHECKING:
    from billing_integrations.invoices.models import Invoice, InvoiceLine


def billing_settings_url() -> str:
    """Answer the page of the practice's billing details."""
    return reverse("invoices:settings")


def invoice_url(invoice: Invoice) -> str:
    return reverse("invoices:detail", kwargs={"pk": invoice.pk})


def mending_url(where: str, line: InvoiceLine) -> tuple[str, str]:
    """Answer the address and the words of the page on which a problem of a line is mended."""
    patient = {"pk": line.invoice.patient_id}
    return {
        "patient": (reverse("patients:edit", kwargs=patient), "Record"),
        "plan": (reverse("funding:list", kwargs=patient), "Plans"),
        "prices": (reverse("ndis:settings"), "Price limits"),
        "claim": (reverse("ndis:line", kwargs={"pk": line.pk}), "Set"),
        "settings": (billing_settings_url(), "Billing details"),
    }.get(where, (invoice_url(line.invoice), "Invoice"))
