"""A patient, a plan manager, a price list and the person who writes the invoices."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from accounts.models import User
from billing_integrations.invoices.models import (
    BillingDetails,
    ItemForType,
    Payment,
    Price,
    PriceItem,
)
from billing_integrations.invoices.payers import Payer
from billing_integrations.invoices.services import Charge, draft_invoice, issue_invoice
from clinical.appointments.models import Appointment
from clinical.contacts.models import Contact
from clinical.patients.models import Patient
from clinical.practice.models import AppointmentType, FundingType

TODAY = date(2026, 11, 20)


class Desk:
    """What most tests of this app begin with, in the scope that is open."""

    today = TODAY

    def __init__(self, clinic) -> None:
        self.clinic = clinic
        self.actor = User.objects.create(
            email="billing@desk.example", name="Bea Billing", role=User.Role.BILLING
        )
        self.patient = Patient.objects.create(given_names="Ada", family_name="North")
        self.manager = Contact.objects.create(
            organisation="Lantern Plans", kind="plan_manager", email="claims@lantern.example"
        )
        self.details = BillingDetails.objects.create(
            legal_name="Alpha Pty Ltd", abn="51824753556", due_days=14
        )
        self.kind = AppointmentType.objects.create(name="Consultation", duration_minutes=45)
        self.item = PriceItem.objects.create(code="PHYS-1", name="Physiotherapy consultation")
        Price.objects.create(item=self.item, cents=12_000, valid_from=date(2026, 1, 1))
        ItemForType.objects.create(appointment_type=self.kind, item=self.item)

    def visit(self, patient: Patient | None = None, **fields) -> Appointment:
        starts = fields.pop("starts_at", datetime(2026, 11, 19, 1, 0, tzinfo=UTC))
        return Appointment.objects.create(
            patient=patient or self.patient,
            appointment_type=fields.pop("appointment_type", self.kind),
            starts_at=starts,
            ends_at=starts + timedelta(minutes=45),
            status=fields.pop("status", Appointment.Status.COMPLETED),
            **fields,
        )

    def draft(self, *cents: int, payer: Payer | None = None, patient: Patient | None = None):
        charges = [Charge(f"Service {n}", one) for n, one in enumerate(cents or (12_000,), 1)]
        return draft_invoice(
            patient or self.patient, actor=self.actor, payer=payer or Payer(), charges=charges
        )

    def issued(self, *cents: int, **fields):
        return issue_invoice(self.draft(*cents, **fields), actor=self.actor, on=TODAY)

    def funding(self, name: str) -> FundingType:
        return FundingType.objects.create(name=name)

    @property
    def by_card(self) -> dict[str, object]:
        return {"actor": self.actor, "on": TODAY, "method": Payment.Method.CARD}
