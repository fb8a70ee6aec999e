"""The NDIA's price limits as a clinic loaded them, claims to the NDIA and what came back of them.

Money is in cents, quantities in hundredths.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from billing_integrations.invoices.models import InvoiceLine, Payment
from billing_integrations.ndis.regions import Region
from clinical.patients.models import Patient
from clinical.practice.models import Location
from tenants.models import ClinicModel

DEFAULT_REGION = Region.NSW


class CancellationReason(models.TextChoices):
    """NDIS bulk payment request, column CancellationReason; it says why the participant was away."""

    HEALTH = "NSDH", "Health"
    FAMILY = "NSDF", "Family"
    TRANSPORT = "NSDT", "Transport"
    OTHER = "NSDO", "Another reason"


class NdisSettings(ClinicModel):
    """How a clinic claims. There is one row at most."""

    only = models.BooleanField(default=True, unique=True, editable=False)
    region = models.CharField(max_length=11, choices=Region, default=DEFAULT_REGION)
    """Where supports are delivered, unless a location says otherwise."""
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "NDIS settings"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(only=True), name="ndis_settings_one"),
            models.CheckConstraint(
                condition=Q(region__in=Region.values), name="ndis_settings_region"
            ),
        ]

    def __str__(self) -> str:
        return self.get_region_display()


class LocationRegion(ClinicModel):
    """A location whose price region is not the clinic's usual one."""

    location = models.OneToOneField(Location, on_delete=models.CASCADE, related_name="price_region")
    region = models.CharField(max_length=11, choices=Region)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(region__in=Region.values), name="ndis_locationregion_region"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.location}: {self.get_region_display()}"


class PriceList(ClinicModel):
    """One file of price limits. It holds from a day on until a list of a later day; old ones stay."""

    class State(models.TextChoices):
        DRAFT = "draft", "To be looked at"
        IN_USE = "in_use", "In use"
        REPLACED = "replaced", "Replaced"

    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    file_name = models.CharField(blank=True, default="")
    sheet = models.CharField(blank=True, default="")
    columns = models.JSONField(default=dict)
    """What was recognised: field → header as it stands in the file."""
    problems = models.JSONField(default=list)
    """Rows that could not be read: [{"row", "words"}]."""
    valid_from = models.DateField()
    items_count = models.PositiveIntegerField(default=0)
    loaded_by = models.CharField(blank=True, default="")
    loaded_at = models.DateTimeField()
    in_use_since = models.DateTimeField(null=True, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-valid_from", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["valid_from"],
                name="ndis_pricelist_one_from_a_day",
                condition=Q(state="in_use"),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "in_use", "replaced"]), name="ndis_pricelist_state"
            ),
        ]

    def __str__(self) -> str:
        return f"Price limits from {self.valid_from:%Y-%m-%d}"


class SupportItem(ClinicModel):
    """A support item with its price limits on some days, as one list has it."""

    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="items")
    number = models.CharField(max_length=60, db_collation="C")
    name = models.CharField()
    registration_group = models.CharField(blank=True, default="")
    category = models.CharField(max_length=2)
    category_name = models.CharField(blank=True, default="")
    unit = models.CharField(max_length=10)
    """As the catalogue has it: H for an hour, E for each, D for a day …"""
    is_quotable = models.BooleanField(default=False)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    prices = models.JSONField(default=dict)
    """Region → cents; a region that is missing has no limit."""
    claim_types = models.JSONField(default=list)
    """What may be claimed besides the direct service: CANC, TRAN, NF2F, REPW, IRSS, THLT."""

    class Meta:
        ordering: ClassVar = ["number", "-starts_on"]
        indexes: ClassVar = [
            models.Index(fields=["number", "price_list"], name="ndis_item_number"),
            models.Index(fields=["price_list", "number"], name="ndis_item_list"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["price_list", "number", "starts_on"], name="ndis_item_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="ndis_item_ends_later",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class ClaimDetail(ClinicModel):
    """How one line of an issued invoice is claimed, where that is not what the line itself says."""

    line = models.OneToOneField(InvoiceLine, on_delete=models.CASCADE, related_name="claim_detail")
    claim_type = models.CharField(max_length=4, choices=InvoiceLine.ClaimType, blank=True)
    cancellation_reason = models.CharField(max_length=4, choices=CancellationReason, blank=True)
    changed_by = models.CharField(blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(cancellation_reason="") | Q(claim_type="CANC"),
                name="ndis_claimdetail_reason",
            )
        ]

    def __str__(self) -> str:
        return f"{self.line_id}: {self.get_claim_type_display()}"


class ClaimBatch(ClinicModel):
    """One bulk payment request: the file as it was made, byte for byte, and what became of it."""

    class State(models.TextChoices):
        READY = "ready", "Ready to upload"
        SENT = "sent", "Waiting for the NDIA"
        ANSWERED = "answered", "Answered"
        WITHDRAWN = "withdrawn", "Withdrawn"

    state = models.CharField(max_length=9, choices=State, default=State.READY)
    serial = models.PositiveIntegerField(unique=True, editable=False)
    file_name = models.CharField(max_length=20, unique=True)
    content = models.TextField()
    rows_count = models.PositiveIntegerField()
    total_cents = models.BigIntegerField()
    created_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField()
    sent_by = models.CharField(blank=True, default="")
    sent_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(blank=True, default="")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-serial"]
        verbose_name_plural = "claim batches"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["ready", "sent", "answered", "withdrawn"]),
                name="ndis_claimbatch_state",
            ),
            models.CheckConstraint(
                condition=Q(rows_count__gte=1, rows_count__lte=5000), name="ndis_claimbatch_rows"
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class ClaimLine(ClinicModel):
    """One row of a bulk payment request. An invoice's line stands in one open or paid row at most."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        PAID = "paid", "Paid"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    HOLDING = ("waiting", "paid")
    """In these the line cannot be claimed again."""

    batch = models.ForeignKey(ClaimBatch, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    line = models.ForeignKey(InvoiceLine, on_delete=models.PROTECT, related_name="claim_lines")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="ndis_claim_lines")
    reference = models.CharField(max_length=50, unique=True)
    """ClaimReference: how the NDIA's answer finds its way back."""
    claimed_cents = models.BigIntegerField()
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    paid_cents = models.BigIntegerField(null=True, blank=True)
    reason = models.TextField(blank=True, default="")
    """Why it was rejected or cut, in the NDIA's words."""
    request_number = models.CharField(blank=True, default="")
    """The NDIA's own number of the payment request."""
    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="ndis_claim_lines"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["batch", "position"]
        indexes: ClassVar = [models.Index(fields=["state", "id"], name="ndis_claimline_state")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["line"],
                name="ndis_claimline_not_twice",
                condition=Q(state__in=["waiting", "paid"]),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "paid", "rejected", "withdrawn"]),
                name="ndis_claimline_state",
            ),
            models.CheckConstraint(
                condition=Q(state="paid", paid_cents__gt=0)
                | (~Q(state="paid") & Q(paid_cents=None)),
                name="ndis_claimline_paid",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class ResultsFile(ClinicModel):
    """An answer of the NDIA as it was read in: what it changed, and what nobody here knows."""

    file_name = models.CharField(blank=True, default="")
    digest = models.CharField(max_length=64)
    """SHA-256 of the file: tells that it was read before."""
    rows_count = models.PositiveIntegerField(default=0)
    paid_count = models.PositiveIntegerField(default=0)
    paid_cents = models.BigIntegerField(default=0)
    rejected_count = models.PositiveIntegerField(default=0)
    unchanged_count = models.PositiveIntegerField(default=0)
    """Rows that said what was known already."""
    open_count = models.PositiveIntegerField(default=0)
    """Rows the NDIA has not decided yet."""
    unknown = models.JSONField(default=list)
    """[{"row", "reference", "cents"}]: references that no claim of this clinic has."""
    problems = models.JSONField(default=list)
    """[{"row", "reference", "words"}]: rows a person must look at."""
    loaded_by = models.CharField(blank=True, default="")
    loaded_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.file_name or f"Results of {self.loaded_at:%Y-%m-%d}"
