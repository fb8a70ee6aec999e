"""NDIS plans: when they run, who manages the money, how much stands in each support category."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from clinical.contacts.models import Contact
from clinical.documents.models import Document
from clinical.patients.models import Patient
from tenants.models import ClinicModel


class NdisPlan(ClinicModel):
    """One plan of a participant. The one that runs, or comes next, gives the patient's plan dates."""

    class Management(models.TextChoices):
        SELF = "self", "Self-managed"
        PLAN = "plan", "Plan-managed"
        AGENCY = "agency", "Agency-managed (NDIA)"
        MIXED = "mixed", "Different for its parts"
        UNKNOWN = "", "Not known"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="ndis_plans")
    number = models.CharField(blank=True, default="")
    starts_on = models.DateField()
    ends_on = models.DateField()
    management = models.CharField(
        max_length=8, choices=Management, blank=True, default=Management.UNKNOWN
    )
    plan_manager = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="ndis_plans"
    )
    document = models.ForeignKey(
        Document, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    goals = models.TextField(blank=True, default="")
    notes = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-starts_on", "-id"]
        verbose_name = "NDIS plan"
        indexes: ClassVar = [
            models.Index(fields=["patient", "starts_on"], name="funding_plan_patient"),
            models.Index(fields=["ends_on"], name="funding_plan_ends"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="funding_plan_ends_later"
            )
        ]

    def __str__(self) -> str:
        return f"{self.starts_on:%Y-%m-%d} – {self.ends_on:%Y-%m-%d}"


class PlanBudget(ClinicModel):
    """What stands in one support category of a plan. Money is in cents."""

    class Category(models.TextChoices):
        """The NDIS support categories, by number (NDIS Pricing Arrangements and Price Limits)."""

        C01 = "01", "01 Assistance with daily life"
        C02 = "02", "02 Transport"
        C03 = "03", "03 Consumables"
        C04 = "04", "04 Social, economic and community participation"
        C05 = "05", "05 Assistive technology"
        C06 = "06", "06 Home modifications and SDA"
        C07 = "07", "07 Support coordination"
        C08 = "08", "08 Improved living arrangements"
        C09 = "09", "09 Increased social and community participation"
        C10 = "10", "10 Finding and keeping a job"
        C11 = "11", "11 Improved relationships"
        C12 = "12", "12 Improved health and wellbeing"
        C13 = "13", "13 Improved learning"
        C14 = "14", "14 Improved life choices"
        C15 = "15", "15 Improved daily living skills"
        OTHER = "xx", "Another part of the plan"

    plan = models.ForeignKey(NdisPlan, on_delete=models.CASCADE, related_name="budgets")
    category = models.CharField(max_length=2, choices=Category)
    amount_cents = models.BigIntegerField()
    """What the plan holds in the category."""
    agreed_cents = models.BigIntegerField(null=True, blank=True)
    """What of it the service agreement sets aside for this clinic."""
    note = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["category"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["plan", "category"], name="funding_budget_once"),
            models.CheckConstraint(
                condition=Q(amount_cents__gte=0) & (Q(agreed_cents=None) | Q(agreed_cents__gte=0)),
                name="funding_budget_not_below_nothing",
            ),
        ]

    def __str__(self) -> str:
        return self.get_category_display()
