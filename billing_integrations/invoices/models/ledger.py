"""The ledger: double entry, append-only. The postings of an entry come to nothing."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from billing_integrations.invoices.models.invoices import CreditNote, Invoice, WriteOff
from billing_integrations.invoices.models.payers import PayerKind
from billing_integrations.invoices.models.payments import Allocation, Payment, Refund
from clinical.contacts.models import Contact
from clinical.patients.models import Patient
from tenants.models import ClinicModel


class LedgerEntry(ClinicModel):
    """One thing that happened. What was wrong is taken back by an entry that reverses it."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        PAYMENT = "payment", "Payment"
        ALLOCATION = "allocation", "Allocation"
        CREDIT_NOTE = "credit_note", "Credit note"
        REFUND = "refund", "Refund"
        WRITE_OFF = "write_off", "Write-off"

    kind = models.CharField(max_length=11, choices=Kind)
    entered_on = models.DateField()
    invoice = models.ForeignKey(
        Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries"
    )
    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries"
    )
    credit_note = models.ForeignKey(
        CreditNote, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries"
    )
    allocation = models.ForeignKey(
        Allocation, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries"
    )
    refund = models.ForeignKey(
        Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries"
    )
    write_off = models.ForeignKey(
        WriteOff, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_entries"
    )
    reverses = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by"
    )
    entered_by = models.CharField(blank=True, default="")
    entered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]
        verbose_name_plural = "ledger entries"
        indexes: ClassVar = [models.Index(fields=["entered_on", "id"], name="invoices_ledger_day")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.entered_on:%Y-%m-%d}"


class Posting(ClinicModel):
    """One side of an entry: a positive amount is a debit, a negative one a credit."""

    class Account(models.TextChoices):
        RECEIVABLE = "receivable", "Owed by payers"
        CREDIT = "credit", "Payers' credit"
        INCOME = "income", "Income"
        GST = "gst", "GST collected"
        BANK = "bank", "Money received"
        BAD_DEBT = "bad_debt", "Written off"

    entry = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="postings")
    account = models.CharField(max_length=10, choices=Account)
    cents = models.BigIntegerField()
    payer_kind = models.CharField(max_length=8, choices=PayerKind)
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="postings"
    )

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["patient", "account"], name="invoices_posting_patient"),
            models.Index(fields=["contact", "account"], name="invoices_posting_contact"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(cents=0), name="invoices_posting_cents"),
            models.CheckConstraint(
                condition=Q(
                    account__in=["receivable", "credit", "income", "gst", "bank", "bad_debt"]
                ),
                name="invoices_posting_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_account_display()} {self.cents}"
