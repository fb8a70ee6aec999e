"""Work on many invoices at once, and the mails that carry them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from tenants.models import ClinicModel


class InvoiceBatch(ClinicModel):
    """Visits that are turned into invoices in one go, by the worker where there are many."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "At work"
        DONE = "done", "Done"

    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    is_issuing = models.BooleanField(default=False)
    """The invoices are issued too, not only drafted."""
    is_mailing = models.BooleanField(default=False)
    groups = models.JSONField(default=list)
    """One list of visits' ids for each invoice; those before `done` are made."""
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list)
    """[{"patient": id, "words": why there is none}]"""
    asked_by = models.CharField(blank=True, default="")
    asked_by_id = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        verbose_name_plural = "invoice batches"

    def __str__(self) -> str:
        return f"{self.done} of {self.total}"


class InvoiceMail(ClinicModel):
    """An invoice, a receipt or a statement on its way to an address."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        RECEIPT = "receipt", "Receipt"
        STATEMENT = "statement", "Statement"

    class State(models.TextChoices):
        QUEUED = "queued", "On its way"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"
        UNCLEAR = "unclear", "May have been sent"

    kind = models.CharField(max_length=9, choices=Kind)
    invoice = models.ForeignKey(
        "invoices.Invoice", null=True, blank=True, on_delete=models.PROTECT, related_name="mails"
    )
    payment = models.ForeignKey(
        "invoices.Payment", null=True, blank=True, on_delete=models.PROTECT, related_name="mails"
    )
    patient = models.ForeignKey(
        "patients.Patient", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    contact = models.ForeignKey(
        "contacts.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    payer_kind = models.CharField(max_length=8, blank=True, default="")
    since = models.DateField(null=True, blank=True)
    """The first day of a statement."""
    until = models.DateField(null=True, blank=True)
    name = models.CharField(blank=True, default="")
    address = models.CharField()
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    problem = models.CharField(blank=True, default="")
    tries = models.PositiveSmallIntegerField(default=1)
    asked_by = models.CharField(blank=True, default="")
    asked_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.address}"
