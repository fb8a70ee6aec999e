"""What Nexus knows of a clinic's books in Xero: how things are booked, what is there, what was compared.

Everything belongs to one organisation (Xero's tenant id): a clinic that connects another one later
begins with it anew, and meets its former links again when it comes back.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tenants.models import ClinicModel


class XeroSettings(ClinicModel):
    """How a clinic's business is booked in one organisation."""

    class Naming(models.TextChoices):
        NAME = "name", "The payer's name"
        NAME_NUMBER = "name_number", "The payer's name and patient number"
        NUMBER = "number", "The patient number only"

    class Wording(models.TextChoices):
        ITEM = "item", "The item's name on the price list"
        NEUTRAL = "neutral", "Always the same neutral words"

    organisation = models.CharField(max_length=50, unique=True)
    organisation_name = models.CharField(blank=True, default="")
    chart = models.JSONField(blank=True, default=dict)
    """As read from Xero: {"accounts", "tax_rates", "tracking", "currency"}; see `chart.py`."""
    chart_read_at = models.DateTimeField(null=True, blank=True)
    income = models.JSONField(blank=True, default=dict)
    """{"default": code, "items": {price item: code}, "types": {kind of visit: code}}"""
    taxes = models.JSONField(blank=True, default=dict)
    """{GST rule: tax type, "items": {price item: tax type}}"""
    banks = models.JSONField(blank=True, default=dict)
    """{"default": code, method of payment: code}"""
    tags = models.JSONField(blank=True, default=dict)
    """{"practitioner" | "location": {"category": name, "options": {id: option}}}"""
    write_off_account = models.CharField(max_length=20, blank=True, default="")
    number_prefix = models.CharField(max_length=20, blank=True, default="")
    """Put before an invoice's number, where Xero has such numbers already."""
    go_live = models.DateField(null=True, blank=True)
    """Invoices issued before this day are not sent; empty: none is sent."""
    naming = models.CharField(max_length=12, choices=Naming, default=Naming.NAME)
    wording = models.CharField(max_length=8, choices=Wording, default=Wording.ITEM)
    neutral_words = models.CharField(max_length=100, blank=True, default="Consultation")
    changed_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "Xero settings"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(naming__in=["name", "name_number", "number"]),
                name="xero_settings_naming",
            ),
            models.CheckConstraint(
                condition=Q(wording__in=["item", "neutral"]), name="xero_settings_wording"
            ),
        ]

    def __str__(self) -> str:
        return self.organisation_name or self.organisation


class XeroLink(ClinicModel):
    """One thing of ours and what stands for it in an organisation."""

    class Kind(models.TextChoices):
        CONTACT = "contact", "Contact"
        INVOICE = "invoice", "Invoice"
        PAYMENT = "payment", "Payment"
        CREDIT_NOTE = "credit_note", "Credit note"
        ALLOCATION = "allocation", "Credit applied"
        WRITE_OFF = "write_off", "Write-off"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting to be sent"
        LINKED = "linked", "In Xero"
        REFUSED = "refused", "Refused by Xero"
        GONE = "gone", "Taken back"
        ODD = "odd", "Changed in Xero"

    organisation = models.CharField(max_length=50)
    kind = models.CharField(max_length=11, choices=Kind)
    object_id = models.UUIDField()
    """The payer, invoice, allocation (of a payment or credit), refund, credit note or write-off."""
    invoice_id = models.UUIDField(null=True, blank=True)
    """Our invoice it belongs to; empty for a contact."""
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    xero_id = models.CharField(max_length=50, blank=True, default="")
    number = models.CharField(max_length=60, blank=True, default="")
    """The number or reference it carries in Xero."""
    is_from_xero = models.BooleanField(default=False)
    """It came from there, such as a payment a bookkeeper entered."""
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    """Of what was sent last."""
    problem = models.CharField(blank=True, default="")
    """What Xero has against it, in its words; or what was changed there."""
    refusals = models.PositiveIntegerField(default=0)
    seen = models.JSONField(blank=True, default=dict)
    """How it stood in Xero when it was last read: {"status", "total", "due", "paid", "credited"}, cents."""
    tried_at = models.DateTimeField(null=True, blank=True)
    """When it was first handed over: from then on it may be there, whatever came back."""
    sent_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["invoice_id"], name="xero_link_invoice"),
            models.Index(
                fields=["organisation", "kind", "state"],
                name="xero_link_trouble",
                condition=Q(state__in=["refused", "odd"]),
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "kind", "object_id"], name="xero_link_once"
            ),
            models.UniqueConstraint(
                fields=["organisation", "kind", "xero_id"],
                name="xero_link_one_thing",
                # Two payers of ours may be one contact there.
                condition=~Q(xero_id="") & ~Q(kind="contact"),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "linked", "refused", "gone", "odd"]),
                name="xero_link_state",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "contact",
                        "invoice",
                        "payment",
                        "credit_note",
                        "allocation",
                        "write_off",
                    ]
                ),
                name="xero_link_kind",
            ),
            models.CheckConstraint(
                condition=~Q(state="linked") | ~Q(xero_id=""), name="xero_link_names_it"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}: {self.get_state_display()}"


class XeroCursor(ClinicModel):
    """How far changes of an organisation have been read."""

    organisation = models.CharField(max_length=50, unique=True)
    read_until = models.DateTimeField()
    """Changes before this moment (Xero's clock) have been read."""
    polled_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.organisation} until {self.read_until:%Y-%m-%d %H:%M}"


class XeroRun(ClinicModel):
    """A comparison of both sides, or the matching of contacts: what was found, kept as history."""

    class Kind(models.TextChoices):
        CHECK = "check", "Check"
        CONTACTS = "contacts", "Matching of contacts"

    class State(models.TextChoices):
        RUNNING = "running", "At work"
        DONE = "done", "Done"
        FAILED = "failed", "Not finished"

    organisation = models.CharField(max_length=50)
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=7, choices=State, default=State.RUNNING)
    asked_by = models.CharField(blank=True, default="")
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    compared = models.PositiveIntegerField(default=0)
    ours_cents = models.BigIntegerField(default=0)
    theirs_cents = models.BigIntegerField(default=0)
    found = models.JSONField(blank=True, default=list)
    """Differences: [{"kind", "number", "invoice", "ours", "theirs", "words", "advice"}], cents."""
    counts = models.JSONField(blank=True, default=dict)
    problem = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-started_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "kind", "-started_at"], name="xero_run_latest")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["running", "done", "failed"]), name="xero_run_state"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["check", "contacts"]), name="xero_run_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def difference_cents(self) -> int:
        return self.ours_cents - self.theirs_cents
