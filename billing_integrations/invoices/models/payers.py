"""Who pays, which is not who is treated: the patient, somebody of the address book, or a scheme."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from clinical.contacts.models import Contact
from clinical.patients.models import Patient
from clinical.practice.models import FundingType
from tenants.models import ClinicModel


class PayerKind(models.TextChoices):
    PATIENT = "patient", "The patient"
    CONTACT = "contact", "Somebody else"
    NDIA = "ndia", "NDIA (agency-managed)"
    DVA = "dva", "DVA"
    MEDICARE = "medicare", "Medicare (bulk-billed)"


def contact_constraint(name: str) -> models.CheckConstraint:
    """Keep a contact with the payers that are one, and with no others."""
    return models.CheckConstraint(
        condition=Q(payer_kind="contact", contact__isnull=False)
        | (Q(payer_kind__in=["patient", "ndia", "dva", "medicare"]) & Q(contact=None)),
        name=name,
    )


class DefaultPayer(ClinicModel):
    """Who pays for one patient's visits, for one way of funding or (without one) for all others."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="default_payers")
    funding_type = models.ForeignKey(
        FundingType, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    payer_kind = models.CharField(max_length=8, choices=PayerKind)
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reference = models.CharField(blank=True, default="")
    """The payer's own: a claim, an order or a file; printed on each invoice."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["patient", "funding_type"],
                name="invoices_defaultpayer_once",
                nulls_distinct=False,
            ),
            contact_constraint("invoices_defaultpayer_contact"),
        ]

    def __str__(self) -> str:
        return str(self.contact) if self.contact else self.get_payer_kind_display()


class FundingPayer(ClinicModel):
    """Who pays where a patient has no payer of their own, for one way of funding."""

    class Kind(models.TextChoices):
        PATIENT = "patient", "The patient"
        PLAN = "plan", "As the NDIS plan is managed"
        CONTACT = "contact", "Always the same payer"
        DVA = "dva", "DVA"
        MEDICARE = "medicare", "Medicare (bulk-billed)"

    funding_type = models.OneToOneField(
        FundingType, on_delete=models.CASCADE, related_name="default_payer"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind="contact", contact__isnull=False)
                | (Q(kind__in=["patient", "plan", "dva", "medicare"]) & Q(contact=None)),
                name="invoices_fundingpayer_contact",
            )
        ]

    def __str__(self) -> str:
        return f"{self.funding_type}: {self.get_kind_display()}"
