"""Invoices a clinic brought along from its old system: history, never changed here."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from clinical.patients.models import Patient
from tenants.models import ClinicModel


class PastInvoice(ClinicModel):
    """An invoice as it stood when it was brought along. Money is in cents."""

    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="past_invoices"
    )
    number = models.CharField(blank=True, default="")
    issued_on = models.DateField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    payer = models.CharField(blank=True, default="")
    description = models.TextField(blank=True, default="")
    total_cents = models.BigIntegerField(null=True, blank=True)
    paid_cents = models.BigIntegerField(null=True, blank=True)
    status = models.CharField(blank=True, default="")
    """In the old system's words."""
    lines = models.JSONField(blank=True, default=list)
    """[{"description", "quantity", "amount_cents", "raw": {label: text}}]"""
    xero_invoice_id = models.CharField(blank=True, default="")
    source_note = models.CharField(blank=True, default="")
    """What an import had to say about the row, shown with it."""
    extra = models.JSONField(blank=True, default=dict)
    """Fields of the old system that have no place here: label → text as it stood."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-issued_on", "-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["patient", "issued_on", "id"], name="invoices_past_patient_issued"
            ),
        ]

    def __str__(self) -> str:
        return f"Invoice {self.number}".strip()
