"""Invoices, their lines, and what takes from them: credit notes and write-offs.

An invoice is a draft until it is issued; from then on triggers keep everything about it but what was
paid, credited and written off (see the migrations of this app).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from billing_integrations.invoices.models.payers import PayerKind, contact_constraint
from billing_integrations.invoices.models.prices import GstRule, PriceItem, Unit
from billing_integrations.invoices.models.runs import InvoiceBatch
from clinical.appointments.models import Appointment
from clinical.contacts.models import Contact
from clinical.patients.models import Patient
from clinical.practice.models import FundingType, Location, Practitioner
from tenants.models import ClinicModel

_LINE_TOTAL = (F("quantity_hundredths") * F("unit_cents") + 50) / 100
_GST_OF_TOTAL = (F("total_cents") * 2 + 11) / 22
"""An eleventh of what includes it, rounded half up in whole cents."""


class Invoice(ClinicModel):
    """What a payer owes for a patient's care."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        ISSUED = "issued", "Issued"
        PART_PAID = "part_paid", "Part-paid"
        PAID = "paid", "Paid"
        VOID = "void", "Void"

    OPEN_STATES = ("issued", "part_paid")
    """In these something is still owed."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="invoices")
    funding_type = models.ForeignKey(
        FundingType, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    location = models.ForeignKey(
        Location, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    payer_kind = models.CharField(max_length=8, choices=PayerKind, default=PayerKind.PATIENT)
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="invoices"
    )
    reference = models.CharField(max_length=100, blank=True, default="")
    """The payer's own: a claim, an order or a file."""
    note = models.TextField(blank=True, default="")
    """Printed below the lines."""

    number = models.CharField(max_length=40, blank=True, default="")
    serial = models.BigIntegerField(null=True, blank=True, unique=True, editable=False)
    """Its place in the clinic's series, taken when it is issued."""
    issued_on = models.DateField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    issued_at = models.DateTimeField(null=True, blank=True)
    issued_by = models.CharField(blank=True, default="")
    payer_name = models.CharField(blank=True, default="")
    payer_address = models.TextField(blank=True, default="")
    payer_email = models.CharField(blank=True, default="")
    participant_name = models.CharField(blank=True, default="")
    participant_number = models.CharField(blank=True, default="")
    """The patient's number with the scheme that pays: NDIS, Medicare, DVA."""
    issuer = models.JSONField(blank=True, default=dict)
    """The clinic as it was printed: name, ABN, address, bank account, footer."""

    total_cents = models.BigIntegerField(default=0)
    gst_cents = models.BigIntegerField(default=0)
    """Contained in the total."""
    paid_cents = models.BigIntegerField(default=0)
    credited_cents = models.BigIntegerField(default=0)
    written_off_cents = models.BigIntegerField(default=0)
    open_cents = models.GeneratedField(
        expression=F("total_cents")
        - F("paid_cents")
        - F("credited_cents")
        - F("written_off_cents"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )

    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.CharField(blank=True, default="")
    void_reason = models.CharField(blank=True, default="")
    batch = models.ForeignKey(
        InvoiceBatch, null=True, blank=True, on_delete=models.SET_NULL, related_name="invoices"
    )
    created_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-serial", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["patient", "-id"], name="invoices_invoice_patient"),
            models.Index(fields=["contact", "-id"], name="invoices_invoice_contact"),
            models.Index(fields=["state", "-id"], name="invoices_invoice_state"),
            models.Index(fields=["issued_on", "id"], name="invoices_invoice_issued"),
            models.Index(fields=["number"], name="invoices_invoice_number"),
            models.Index(
                fields=["due_on", "id"],
                name="invoices_invoice_due",
                condition=Q(state__in=["issued", "part_paid"]),
            ),
        ]
        constraints: ClassVar = [
            contact_constraint("invoices_invoice_contact_given"),
            models.CheckConstraint(
                condition=Q(state="draft", serial=None, number="", issued_on=None, voided_at=None)
                | (
                    Q(state__in=["issued", "part_paid", "paid", "void"])
                    & Q(serial__isnull=False, issued_on__isnull=False, due_on__isnull=False)
                    & ~Q(number="")
                ),
                name="invoices_invoice_numbered",
            ),
            models.CheckConstraint(
                condition=Q(paid_cents__gte=0, credited_cents__gte=0, written_off_cents__gte=0)
                & Q(total_cents__gte=0, gst_cents__gte=0)
                & Q(
                    total_cents__gte=F("paid_cents") + F("credited_cents") + F("written_off_cents")
                ),
                name="invoices_invoice_not_overpaid",
            ),
            models.CheckConstraint(
                condition=Q(state="draft", paid_cents=0, credited_cents=0, written_off_cents=0)
                | Q(state="void", paid_cents=0, credited_cents=0, written_off_cents=0)
                & Q(voided_at__isnull=False)
                | Q(state="issued", paid_cents=0, credited_cents=0, written_off_cents=0)
                & Q(total_cents__gt=0, voided_at=None)
                | Q(state="part_paid", voided_at=None)
                & Q(total_cents__gt=F("paid_cents") + F("credited_cents") + F("written_off_cents"))
                | Q(state="paid", voided_at=None)
                & Q(total_cents=F("paid_cents") + F("credited_cents") + F("written_off_cents")),
                name="invoices_invoice_state_follows",
            ),
        ]

    def __str__(self) -> str:
        return f"Invoice {self.number}" if self.number else "Draft invoice"

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN_STATES


class InvoiceLine(ClinicModel):
    """One service: what, when, how many, and what it comes to with GST contained."""

    class ClaimType(models.TextChoices):
        """NDIS bulk payment request, column ClaimType."""

        DIRECT = "", "Direct service"
        CANCELLATION = "CANC", "Cancellation charge"
        REPORT = "REPW", "Report writing"
        TRAVEL = "TRAN", "Provider travel"
        NON_FACE = "NF2F", "Non-face-to-face"
        TELEHEALTH = "THLT", "Telehealth"
        IRREGULAR = "IRSS", "Irregular SIL supports"

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(default=1)
    item = models.ForeignKey(
        PriceItem, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    appointment = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="invoice_lines"
    )
    practitioner = models.ForeignKey(
        Practitioner, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    location = models.ForeignKey(
        Location, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    code = models.CharField(max_length=60, blank=True, default="")
    description = models.CharField(max_length=300)
    service_date = models.DateField(null=True, blank=True)
    quantity_hundredths = models.BigIntegerField(default=100)
    unit = models.CharField(max_length=5, choices=Unit, default=Unit.EACH)
    unit_cents = models.BigIntegerField()
    """With GST contained where the rule says so."""
    gst_rule = models.CharField(max_length=8, choices=GstRule, default=GstRule.FREE)
    total_cents = models.BigIntegerField()
    gst_cents = models.BigIntegerField(default=0)
    rebate_cents = models.BigIntegerField(null=True, blank=True)
    income_account = models.CharField(max_length=50, blank=True, default="")
    claim_type = models.CharField(max_length=4, choices=ClaimType, blank=True, default="")
    cancellation_reason = models.CharField(max_length=4, blank=True, default="")
    """NSDH, NSDF, NSDT or NSDO, only with a cancellation charge."""

    class Meta:
        ordering: ClassVar = ["position", "id"]
        indexes: ClassVar = [models.Index(fields=["service_date"], name="invoices_line_service")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(quantity_hundredths__gt=0, unit_cents__gte=0),
                name="invoices_line_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(total_cents=_LINE_TOTAL), name="invoices_line_total"
            ),
            models.CheckConstraint(
                condition=Q(gst_rule="taxable", gst_cents=_GST_OF_TOTAL)
                | Q(gst_rule__in=["free", "out"], gst_cents=0),
                name="invoices_line_gst",
            ),
            models.CheckConstraint(
                condition=Q(cancellation_reason="")
                | Q(claim_type="CANC", cancellation_reason__in=["NSDH", "NSDF", "NSDT", "NSDO"]),
                name="invoices_line_cancellation",
            ),
        ]

    def __str__(self) -> str:
        return self.description


class CreditNote(ClinicModel):
    """Takes back part or all of an issued invoice. What the invoice no longer needs is the payer's."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_notes")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="credit_notes")
    payer_kind = models.CharField(max_length=8, choices=PayerKind)
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    number = models.CharField(max_length=40)
    serial = models.BigIntegerField(unique=True, editable=False)
    issued_on = models.DateField()
    reason = models.CharField(max_length=300)
    total_cents = models.BigIntegerField()
    gst_cents = models.BigIntegerField(default=0)
    allocated_cents = models.BigIntegerField(default=0)
    refunded_cents = models.BigIntegerField(default=0)
    left_cents = models.GeneratedField(
        expression=F("total_cents") - F("allocated_cents") - F("refunded_cents"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    """Credit on the payer's account."""
    created_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-serial"]
        constraints: ClassVar = [
            contact_constraint("invoices_creditnote_contact_given"),
            models.CheckConstraint(
                condition=Q(total_cents__gt=0, gst_cents__gte=0)
                & Q(allocated_cents__gte=0, refunded_cents__gte=0)
                & Q(total_cents__gte=F("allocated_cents") + F("refunded_cents")),
                name="invoices_creditnote_not_overused",
            ),
        ]

    def __str__(self) -> str:
        return f"Credit note {self.number}"


class CreditLine(ClinicModel):
    """What a credit note takes back of one line."""

    credit_note = models.ForeignKey(CreditNote, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(InvoiceLine, on_delete=models.PROTECT, related_name="credit_lines")
    description = models.CharField(max_length=300)
    gst_rule = models.CharField(max_length=8, choices=GstRule)
    total_cents = models.BigIntegerField()
    gst_cents = models.BigIntegerField(default=0)
    income_account = models.CharField(max_length=50, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(total_cents__gt=0, gst_cents__gte=0), name="invoices_creditline_cents"
            )
        ]

    def __str__(self) -> str:
        return self.description


class WriteOff(ClinicModel):
    """What will never be paid of an invoice."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="write_offs")
    cents = models.BigIntegerField()
    written_off_on = models.DateField()
    reason = models.CharField(max_length=300)
    created_by = models.CharField(blank=True, default="")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(cents__gt=0), name="invoices_writeoff_cents")
        ]

    def __str__(self) -> str:
        return f"Written off {self.written_off_on:%Y-%m-%d}"


class WaivedVisit(ClinicModel):
    """A visit, or a fee for one that did not take place, that is not to be charged."""

    appointment = models.OneToOneField(Appointment, on_delete=models.CASCADE, related_name="waived")
    reason = models.CharField(max_length=300, blank=True, default="")
    waived_by = models.CharField(blank=True, default="")
    waived_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-waived_at"]

    def __str__(self) -> str:
        return self.reason
