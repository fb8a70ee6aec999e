"""Drafts: made, changed and thrown away as long as they have no number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts.permissions import Action
from billing_integrations.invoices.models import GstRule, Invoice, InvoiceLine, Unit
from billing_integrations.invoices.money import gst_of, line_total
from billing_integrations.invoices.services.access import asked_by, locked_invoice
from billing_integrations.invoices.services.errors import (
    ChangedMeanwhileError,
    NotADraftError,
    NothingToChargeError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from accounts.models import User
    from billing_integrations.invoices.models import InvoiceBatch, PriceItem
    from billing_integrations.invoices.payers import Payer
    from clinical.appointments.models import Appointment
    from clinical.patients.models import Patient
    from clinical.practice.models import FundingType, Location, Practitioner

FIELDS = ("payer_kind", "contact", "reference", "note", "due_on", "location")
"""What a person sets of a draft besides its lines."""


@dataclass(frozen=True)
class Charge:
    """A line as it is asked for: the totals follow."""

    description: str
    unit_cents: int
    quantity_hundredths: int = 100
    unit: str = Unit.EACH
    gst_rule: str = GstRule.FREE
    code: str = ""
    service_date: date | None = None
    item: PriceItem | None = None
    appointment: Appointment | None = None
    practitioner: Practitioner | None = None
    location: Location | None = None
    rebate_cents: int | None = None
    income_account: str = ""
    claim_type: str = ""
    cancellation_reason: str = ""

    @property
    def total_cents(self) -> int:
        return line_total(self.quantity_hundredths, self.unit_cents)

    def as_line(self, invoice: Invoice, position: int) -> InvoiceLine:
        columns = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return InvoiceLine(
            invoice=invoice,
            position=position,
            total_cents=self.total_cents,
            gst_cents=gst_of(self.gst_rule, self.total_cents),
            **columns,
        )


@transaction.atomic
def draft_invoice(
    patient: Patient,
    *,
    actor: User | None,
    payer: Payer,
    charges: Sequence[Charge],
    funding_type: FundingType | None = None,
    location: Location | None = None,
    reference: str = "",
    note: str = "",
    due_on: date | None = None,
    batch: InvoiceBatch | None = None,
) -> Invoice:
    """Make a draft with its lines."""
    by = asked_by(actor, Action.CREATE)
    if not charges:
        raise NothingToChargeError("There is nothing to put on an invoice.")
    invoice = Invoice(
        patient=patient,
        payer_kind=payer.kind,
        contact=payer.contact,
        reference=reference or payer.reference,
        funding_type=funding_type or patient.funding_type,
        location=location,
        note=note,
        due_on=due_on,
        batch=batch,
        created_by=by,
    )
    invoice.save()
    _write_lines(invoice, charges)
    return invoice


@transaction.atomic
def change_draft(
    invoice: Invoice,
    *,
    actor: User | None,
    seen: datetime,
    fields: Mapping[str, Any],
    charges: Sequence[Charge],
) -> Invoice:
    """Change a draft and make its lines be those given."""
    asked_by(actor, Action.CHANGE)
    held = locked_invoice(invoice)
    if not held.is_draft:
        raise NotADraftError(f"{held} is issued: write a credit note, or make it void.")
    if held.changed_at != seen:
        raise ChangedMeanwhileError(
            "Somebody else has changed this draft in the meantime. Open it again and repeat your change."
        )
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise TypeError(f"Not a field that people set: {', '.join(sorted(unknown))}")
    for name, value in fields.items():
        setattr(held, name, value)
    held.lines.all().delete()
    held.save()
    _write_lines(held, charges)
    return held


@transaction.atomic
def delete_draft(invoice: Invoice, *, actor: User | None) -> None:
    """Throw a draft away; it never had a number."""
    asked_by(actor, Action.CHANGE)
    held = locked_invoice(invoice)
    if not held.is_draft:
        raise NotADraftError(f"{held} is issued: make it void instead.")
    held.lines.all().delete()
    held.delete()


def _write_lines(invoice: Invoice, charges: Sequence[Charge]) -> None:
    lines = [charge.as_line(invoice, position) for position, charge in enumerate(charges, 1)]
    InvoiceLine.objects.bulk_create(lines)
    invoice.total_cents = sum(line.total_cents for line in lines)
    invoice.gst_cents = sum(line.gst_cents for line in lines)
    invoice.save(update_fields=["total_cents", "gst_cents", "changed_at"])
