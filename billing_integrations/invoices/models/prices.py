"""What a clinic sells: items, their prices by day, and what a kind of visit costs."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce

from clinical.practice.models import AppointmentType, FundingType
from tenants.models import ClinicModel

NOBODY = "00000000-0000-0000-0000-000000000000"
WHOLE = 100
"""Percent."""


class GstRule(models.TextChoices):
    """How an item is taxed (A New Tax System Act 1999). Which one holds is the clinic's decision."""

    FREE = "free", "GST-free"
    TAXABLE = "taxable", "10% GST included"
    OUT_OF_SCOPE = "out", "Outside GST"


class Unit(models.TextChoices):
    EACH = "each", "each"
    HOUR = "hour", "hour"
    KILOMETRE = "km", "km"
    PAGE = "page", "page"


class PriceItem(ClinicModel):
    """Something that is charged: a visit, travel, a report. `code` is printed on the invoice."""

    code = models.CharField(max_length=60, unique=True)
    """The scheme's number where there is one (NDIS support item, MBS, DVA), else the clinic's own."""
    name = models.CharField(max_length=200)
    unit = models.CharField(max_length=5, choices=Unit, default=Unit.EACH)
    gst_rule = models.CharField(max_length=8, choices=GstRule, default=GstRule.FREE)
    income_account = models.CharField(max_length=50, blank=True, default="")
    """Where the accounting package is to book it: its account code, as a hint."""
    rebate_cents = models.BigIntegerField(null=True, blank=True)
    """What Medicare pays back to the patient, noted on the invoice."""
    note = models.CharField(max_length=500, blank=True, default="")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(rebate_cents=None) | Q(rebate_cents__gte=0),
                name="invoices_priceitem_rebate",
            ),
            models.CheckConstraint(
                condition=Q(gst_rule__in=["free", "taxable", "out"]), name="invoices_priceitem_gst"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


def _range(first: str, last: str) -> Func:
    return Func(first, last, Value("[]"), function="daterange", output_field=DateRangeField())


def _or_nobody(column: str) -> Coalesce:
    return Coalesce(
        F(column), Value(NOBODY, output_field=models.UUIDField()), output_field=models.UUIDField()
    )


class Price(ClinicModel):
    """What one unit of an item costs, GST included, on some days; the narrowest that fits counts."""

    item = models.ForeignKey(PriceItem, on_delete=models.CASCADE, related_name="prices")
    appointment_type = models.ForeignKey(
        AppointmentType, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    funding_type = models.ForeignKey(
        FundingType, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    cents = models.BigIntegerField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    """The last day; empty: until another follows."""

    class Meta:
        ordering: ClassVar = ["-valid_from", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(cents__gte=0), name="invoices_price_not_negative"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="invoices_price_ends_later",
            ),
            ExclusionConstraint(
                name="invoices_price_one_a_day",
                expressions=[
                    ("item", RangeOperators.EQUAL),
                    (_or_nobody("appointment_type"), RangeOperators.EQUAL),
                    (_or_nobody("funding_type"), RangeOperators.EQUAL),
                    (_range("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item.code} from {self.valid_from:%Y-%m-%d}"


class ItemForType(ClinicModel):
    """What a kind of visit is charged as, for one way of funding or (without one) for all others."""

    appointment_type = models.ForeignKey(
        AppointmentType, on_delete=models.CASCADE, related_name="price_items"
    )
    funding_type = models.ForeignKey(
        FundingType, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    item = models.ForeignKey(PriceItem, on_delete=models.PROTECT, related_name="+")
    quantity_hundredths = models.BigIntegerField(default=100)
    """How many of an item that is not by the hour; hours follow the length of the visit."""

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["appointment_type", "funding_type"],
                name="invoices_itemfortype_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(quantity_hundredths__gt=0), name="invoices_itemfortype_quantity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.appointment_type}: {self.item.code}"


class CancellationRule(ClinicModel):
    """When a visit that did not take place is charged, and how much. It proposes, people decide."""

    class Applies(models.TextChoices):
        DID_NOT_ATTEND = "did_not_attend", "Did not attend"
        LATE = "late_cancellation", "Late cancellation"
        CANCELLED = "cancelled", "Cancelled shortly before"

    applies_to = models.CharField(max_length=20, choices=Applies)
    within_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    """Only where it was cancelled so many hours before its start, or later; empty: always."""
    appointment_type = models.ForeignKey(
        AppointmentType, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    funding_type = models.ForeignKey(
        FundingType, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    item = models.ForeignKey(
        PriceItem, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """Empty: what the visit itself would have been charged as."""
    percent = models.PositiveSmallIntegerField(default=WHOLE)
    is_automatic = models.BooleanField(default=False)
    """A draft is made by itself; it is still a person who issues it."""
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["applies_to", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(percent__gte=1, percent__lte=WHOLE),
                name="invoices_cancellationrule_percent",
            ),
            models.CheckConstraint(
                condition=Q(applies_to__in=["did_not_attend", "late_cancellation", "cancelled"]),
                name="invoices_cancellationrule_applies",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_applies_to_display()}: {self.percent}%"
