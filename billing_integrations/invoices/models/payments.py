"""Money that came in, where it went, and what was given back."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from billing_integrations.invoices.models.invoices import CreditNote, Invoice
from billing_integrations.invoices.models.payers import PayerKind, contact_constraint
from clinical.contacts.models import Contact
from clinical.patients.models import Patient
from tenants.models import ClinicModel


class Method(models.TextChoices):
    CARD = "card", "Card"
    CASH = "cash", "Cash"
    TRANSFER = "transfer", "Bank transfer"
    HEALTH_FUND = "health_fund", "Health fund terminal"
    CHEQUE = "cheque", "Cheque"
    NDIA = "ndia", "NDIA remittance"
    MEDICARE = "medicare", "Medicare"
    DVA = "dva", "DVA"
    XERO = "xero", "Through Xero"
    OTHER = "other", "Other"


class Payment(ClinicModel):
    """Money from a payer. What no invoice has taken is credit on the payer's account."""

    Method = Method

    payer_kind = models.CharField(max_length=8, choices=PayerKind)
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="payments"
    )
    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="payments"
    )
    """Whose care it is for; empty where one sum pays for several patients."""
    cents = models.BigIntegerField()
    paid_on = models.DateField()
    method = models.CharField(max_length=11, choices=Method)
    reference = models.CharField(max_length=100, blank=True, default="")
    note = models.CharField(max_length=300, blank=True, default="")
    external_id = models.CharField(max_length=100, blank=True, default="")
    """A vendor's id of it: the same one twice is one payment."""
    number = models.CharField(max_length=40)
    serial = models.BigIntegerField(unique=True, editable=False)
    """Of the receipt."""
    allocated_cents = models.BigIntegerField(default=0)
    refunded_cents = models.BigIntegerField(default=0)
    left_cents = models.GeneratedField(
        expression=F("cents") - F("allocated_cents") - F("refunded_cents"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    """Credit on the payer's account; means nothing once the payment is void."""
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.CharField(blank=True, default="")
    void_reason = models.CharField(max_length=300, blank=True, default="")
    created_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-paid_on", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["paid_on", "id"], name="invoices_payment_day"),
            models.Index(fields=["patient", "-id"], name="invoices_payment_patient"),
            models.Index(fields=["contact", "-id"], name="invoices_payment_contact"),
        ]
        constraints: ClassVar = [
            contact_constraint("invoices_payment_contact_given"),
            models.CheckConstraint(
                condition=~Q(payer_kind="patient") | Q(patient__isnull=False),
                name="invoices_payment_patient_given",
            ),
            models.CheckConstraint(
                condition=Q(cents__gt=0, allocated_cents__gte=0, refunded_cents__gte=0)
                & Q(cents__gte=F("allocated_cents") + F("refunded_cents")),
                name="invoices_payment_not_overused",
            ),
            models.CheckConstraint(
                condition=Q(voided_at=None) | Q(allocated_cents=0, refunded_cents=0),
                name="invoices_payment_void_is_free",
            ),
            models.UniqueConstraint(
                fields=["method", "external_id"],
                name="invoices_payment_external_once",
                condition=~Q(external_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Receipt {self.number}"

    @property
    def is_void(self) -> bool:
        return self.voided_at is not None


def _one_source(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(payment__isnull=False, credit_note=None)
        | Q(payment=None, credit_note__isnull=False),
        name=name,
    )


class Allocation(ClinicModel):
    """So much of a payment or a credit note went to an invoice, until it was undone."""

    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="allocations"
    )
    credit_note = models.ForeignKey(
        CreditNote, null=True, blank=True, on_delete=models.PROTECT, related_name="allocations"
    )
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="allocations")
    cents = models.BigIntegerField()
    allocated_on = models.DateField()
    created_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            _one_source("invoices_allocation_one_source"),
            models.CheckConstraint(condition=Q(cents__gt=0), name="invoices_allocation_cents"),
        ]

    def __str__(self) -> str:
        return f"{self.payment or self.credit_note} → {self.invoice}"


class Refund(ClinicModel):
    """Credit that was given back in money."""

    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds"
    )
    credit_note = models.ForeignKey(
        CreditNote, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds"
    )
    cents = models.BigIntegerField()
    refunded_on = models.DateField()
    method = models.CharField(max_length=11, choices=Method)
    reference = models.CharField(max_length=100, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    created_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            _one_source("invoices_refund_one_source"),
            models.CheckConstraint(condition=Q(cents__gt=0), name="invoices_refund_cents"),
        ]

    def __str__(self) -> str:
        return f"Refund {self.refunded_on:%Y-%m-%d}"
