"""Referrals: who sent a patient, until when and for how many visits; and which visit counts to which.

A visit finds its referral by itself: after appointments are added a trigger of the database calls
`referrals_link` (migration 0002), so however a visit is booked, it is counted.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from clinical.appointments.models import Appointment
from clinical.contacts.models import Contact
from clinical.documents.models import Document
from clinical.patients.models import Patient
from tenants.models import ClinicModel


class Referral(ClinicModel):
    """One letter that sends a patient here, with its limits as they were agreed."""

    class Kind(models.TextChoices):
        GP = "gp", "General practitioner"
        SPECIALIST = "specialist", "Specialist"
        CHRONIC = "chronic", "Medicare chronic condition plan"
        DVA = "dva", "DVA treatment cycle"
        WORKCOVER = "workcover", "WorkCover"
        NDIS = "ndis", "NDIS"
        PRIVATE = "private", "Private"

    class State(models.TextChoices):
        ACTIVE = "active", "In use"
        CLOSED = "closed", "Closed"

    class Anchor(models.TextChoices):
        REFERRED = "referred", "the day of the referral"
        FIRST_VISIT = "first_visit", "the first visit"

    class Counted(models.TextChoices):
        IN_ALL = "in_all", "in all"
        CALENDAR_YEAR = "calendar_year", "in a calendar year"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="referrals")
    kind = models.CharField(max_length=12, choices=Kind)
    referrer = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="referrals"
    )
    referrer_name = models.CharField(blank=True, default="")
    """As it stands in the letter, for somebody who is not in the address book."""
    referred_on = models.DateField()
    received_on = models.DateField(null=True, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    """Visits before it do not count; empty: from the day of the referral."""
    months = models.PositiveSmallIntegerField(null=True, blank=True)
    anchor = models.CharField(max_length=12, choices=Anchor, default=Anchor.REFERRED)
    expires_on = models.DateField(null=True, blank=True)
    """The last day as the letter says it; it goes before `months`."""
    sessions_allowed = models.PositiveSmallIntegerField(null=True, blank=True)
    counted = models.CharField(max_length=14, choices=Counted, default=Counted.IN_ALL)
    used_before = models.PositiveSmallIntegerField(default=0)
    """Sessions used elsewhere, or before the clinic worked with Nexus."""
    document = models.ForeignKey(
        Document, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.TextField(blank=True, default="")
    notes = models.TextField(blank=True, default="")
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    closed_reason = models.CharField(blank=True, default="")
    created_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-referred_on", "-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["patient", "referred_on"],
                name="referrals_active",
                condition=Q(state="active"),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(expires_on=None) | Q(expires_on__gte=models.F("referred_on")),
                name="referrals_referral_ends_later",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.referred_on:%Y-%m-%d}"

    @property
    def referrer_shown(self) -> str:
        return self.referrer.full_name if self.referrer else self.referrer_name


class ReferralVisit(ClinicModel):
    """To which referral a visit counts; none: a person decided that it counts to none."""

    appointment = models.OneToOneField(
        Appointment, on_delete=models.CASCADE, related_name="referral_visit"
    )
    referral = models.ForeignKey(
        Referral, null=True, blank=True, on_delete=models.CASCADE, related_name="visits"
    )
    chosen_by = models.CharField(blank=True, default="")
    """Empty: it was linked by itself."""
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())

    class Meta:
        ordering: ClassVar = ["appointment"]

    def __str__(self) -> str:
        return f"{self.appointment_id} → {self.referral_id}"
