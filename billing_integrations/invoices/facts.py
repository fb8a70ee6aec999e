"""What the head of a record and the diary's drawer say of invoices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Sum
from django.urls import reverse

from billing_integrations.invoices.models import Invoice, InvoiceLine, PayerKind
from clinical.appointments.drawer_facts import VisitAction
from clinical.patients.header import Fact
from ui.wording import money

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from accounts.models import User
    from clinical.appointments.models import Appointment
    from clinical.patients.models import Patient

_TONES = {
    Invoice.State.PAID: "success",
    Invoice.State.DRAFT: "",
    Invoice.State.PART_PAID: "warning",
}


def of_patient(_actor: User, patient: Patient, _now: datetime) -> Iterator[Fact]:
    """Say what others still have to pay for the patient; their own balance stands there already."""
    others = Invoice.objects.filter(patient=patient, state__in=Invoice.OPEN_STATES)
    owed = others.exclude(payer_kind=PayerKind.PATIENT).aggregate(sum=Sum("open_cents"))["sum"]
    if owed:
        url = reverse("invoices:list", kwargs={"pk": patient.pk})
        yield Fact("Others owe", money(owed), url=url, order=16)


def of_visit(_actor: User, visit: Appointment, _now: datetime) -> Iterator[Fact]:
    """Say on which invoice a visit stands."""
    line = (
        InvoiceLine.objects.filter(appointment=visit)
        .exclude(invoice__state=Invoice.State.VOID)
        .select_related("invoice")
        .first()
    )
    if line is None:
        return
    invoice = line.invoice
    yield Fact(
        "Invoice",
        invoice.number or "Draft",
        note=f"{money(invoice.total_cents)}, {invoice.get_state_display().lower()}",
        tone=_TONES.get(Invoice.State(invoice.state), "info"),
        url=reverse("invoices:detail", kwargs={"pk": invoice.pk}),
        order=16,
    )


def visit_actions(_actor: User, visit: Appointment) -> Iterator[VisitAction]:
    """Offer to invoice a visit that took place and stands on no invoice."""
    if visit.status != visit.Status.COMPLETED:
        return
    charged = InvoiceLine.objects.filter(appointment=visit).exclude(
        invoice__state=Invoice.State.VOID
    )
    if not charged.exists():
        url = reverse("invoices:charge", kwargs={"pk": visit.pk})
        yield VisitAction("Invoice", "receipt-2", url)
