"""The practice's address book, and the people around each patient."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from clinical.patients.models import FoldNames, Patient
from tenants.models import ClinicModel


class Contact(ClinicModel):
    """Somebody the practice writes to or hears from: a referrer, a GP, a plan manager."""

    class Kind(models.TextChoices):
        REFERRER = "referrer", "Referrer"
        GP = "gp", "General practitioner"
        SPECIALIST = "specialist", "Specialist"
        PLAN_MANAGER = "plan_manager", "Plan manager"
        SUPPORT_COORDINATOR = "support_coordinator", "Support coordinator"
        INSURER = "insurer", "Insurer"
        FAMILY = "family", "Family"
        OTHER = "other", "Other"

    name = models.CharField(blank=True, default="")
    """As it is shown; empty: what the parts below make of it."""
    title = models.CharField(blank=True, default="")
    given_names = models.CharField(blank=True, default="")
    family_name = models.CharField(blank=True, default="")
    organisation = models.CharField(blank=True, default="")
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.OTHER)
    specialty = models.CharField(blank=True, default="")
    provider_number = models.CharField(blank=True, default="")
    phone = models.CharField(blank=True, default="")
    mobile = models.CharField(blank=True, default="")
    fax = models.CharField(blank=True, default="")
    email = models.CharField(blank=True, default="")
    address = models.TextField(blank=True, default="")
    notes = models.TextField(blank=True, default="")
    is_active = models.BooleanField(default=True)
    extra = models.JSONField(blank=True, default=dict)
    """Fields of the old system that have no place here: label → text as it stood."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    search_name = models.GeneratedField(
        expression=FoldNames("name", "organisation", "given_names", "family_name"),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )

    class Meta:
        ordering: ClassVar = ["search_name", "id"]
        indexes: ClassVar = [
            models.Index(fields=["search_name", "id"], name="contacts_contact_sort"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "referrer",
                        "gp",
                        "specialist",
                        "plan_manager",
                        "support_coordinator",
                        "insurer",
                        "family",
                        "other",
                    ]
                ),
                name="contacts_contact_kind",
            )
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        """The name to show, or what else there is to call them by."""
        if self.name:
            return self.name
        parts = (self.title, self.given_names, self.family_name)
        return " ".join(filter(None, parts)) or self.organisation or "No name"


class PatientContact(ClinicModel):
    """Somebody around one patient; with `contact`, an entry of the address book."""

    class Kind(models.TextChoices):
        EMERGENCY = "emergency", "Emergency contact"
        NEXT_OF_KIN = "next_of_kin", "Next of kin"
        CARER = "carer", "Carer"
        GUARDIAN = "guardian", "Guardian"
        GP = "gp", "General practitioner"
        REFERRER = "referrer", "Referrer"
        SPECIALIST = "specialist", "Specialist"
        PLAN_MANAGER = "plan_manager", "Plan manager"
        SUPPORT_COORDINATOR = "support_coordinator", "Support coordinator"
        OTHER = "other", "Other"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="contacts")
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="patients"
    )
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.OTHER)
    name = models.CharField(blank=True, default="")
    relationship = models.CharField(blank=True, default="")
    phone = models.CharField(blank=True, default="")
    email = models.CharField(blank=True, default="")
    notes = models.TextField(blank=True, default="")
    extra = models.JSONField(blank=True, default=dict)
    """Fields of the old system that have no place here: label → text as it stood."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["kind", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "emergency",
                        "next_of_kin",
                        "carer",
                        "guardian",
                        "gp",
                        "referrer",
                        "specialist",
                        "plan_manager",
                        "support_coordinator",
                        "other",
                    ]
                ),
                name="contacts_patientcontact_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.shown_name} ({self.get_kind_display()})"

    @property
    def shown_name(self) -> str:
        """What stands on the patient's record, or the address book's name."""
        return self.name or (self.contact.full_name if self.contact else "")
