"""What a clinic prints on its invoices, and how far its numbers have got."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tenants.models import ClinicModel


class BillingDetails(ClinicModel):
    """The clinic as an invoice names it. There is one row at most."""

    only = models.BooleanField(default=True, unique=True, editable=False)
    legal_name = models.CharField(max_length=200, blank=True, default="")
    abn = models.CharField(max_length=11, blank=True, default="")
    """Eleven digits, checked; printed in groups."""
    is_gst_registered = models.BooleanField(default=True)
    address = models.TextField(blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    """Where answers to invoices go."""
    account_name = models.CharField(max_length=100, blank=True, default="")
    bsb = models.CharField(max_length=7, blank=True, default="")
    account_number = models.CharField(max_length=20, blank=True, default="")
    invoice_prefix = models.CharField(max_length=12, blank=True, default="INV-")
    due_days = models.PositiveSmallIntegerField(default=14)
    footer_text = models.TextField(blank=True, default="")
    ndis_registration = models.CharField(max_length=30, blank=True, default="")
    """The registered provider's organisation id, for claims to the NDIA."""
    charge_since = models.DateField(null=True, blank=True)
    """Visits before this day were charged elsewhere: the old system's."""
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "billing details"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(only=True), name="invoices_billingdetails_one"),
            models.CheckConstraint(
                condition=Q(abn="") | Q(abn__regex=r"^[0-9]{11}$"),
                name="invoices_billingdetails_abn",
            ),
        ]

    def __str__(self) -> str:
        return self.legal_name


class NumberSeries(ClinicModel):
    """How far a series of numbers has got. Its row is locked while one is taken: none is left out."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoices"
        CREDIT_NOTE = "credit_note", "Credit notes"
        RECEIPT = "receipt", "Receipts"

    kind = models.CharField(max_length=11, choices=Kind, unique=True)
    last_serial = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "number series"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(last_serial__gte=0), name="invoices_numberseries_not_negative"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.last_serial}"
