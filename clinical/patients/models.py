"""Patients and what identifies them: names, ways to reach them, addresses, card numbers.

Text from a clinic's old system has any length, so the columns have no limit; forms set theirs.
Look-ups under row-level security keep their index only with leakproof operators (=, ^@, ORDER BY)
on normalised columns in the C collation; fuzzy names go through `clinical.patients.search`.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Reverse

from clinical.practice.models import FundingType, Location
from tenants.models import ClinicModel


class FoldNames(Func):
    """The clinic's own `fold_names`: unaccented, lower-case words, each with a space before it."""

    function = "fold_names"
    output_field = models.TextField()


class NextPatientNumber(Func):
    """The next number of the clinic's own series."""

    function = "next_patient_number"
    output_field = models.BigIntegerField()
    arity = 0


class Patient(ClinicModel):
    """A person the practice treats (NDIS: participant)."""

    class Sex(models.TextChoices):
        FEMALE = "female", "Female"
        MALE = "male", "Male"
        OTHER = "other", "Another term"
        UNKNOWN = "", "Not stated"

    number = models.BigIntegerField(
        unique=True, editable=False, db_default=NextPatientNumber(), help_text="Shown to people."
    )
    title = models.CharField(blank=True, default="")
    given_names = models.CharField(blank=True, default="")
    family_name = models.CharField(blank=True, default="")
    preferred_name = models.CharField(blank=True, default="")
    former_names = models.CharField(blank=True, default="")
    date_of_birth = models.DateField(null=True, blank=True)
    sex = models.CharField(max_length=12, choices=Sex, blank=True, default="")
    gender = models.CharField(blank=True, default="")
    pronouns = models.CharField(blank=True, default="")

    location = models.ForeignKey(
        Location, null=True, blank=True, on_delete=models.PROTECT, related_name="patients"
    )
    funding_type = models.ForeignKey(
        FundingType, null=True, blank=True, on_delete=models.PROTECT, related_name="patients"
    )
    coordinator_name = models.CharField(blank=True, default="")
    plan_start = models.DateField(null=True, blank=True)
    plan_end = models.DateField(null=True, blank=True)
    alerts = models.TextField(blank=True, default="")
    notes = models.TextField(blank=True, default="")
    xero_contact_id = models.CharField(blank=True, default="")
    extra = models.JSONField(blank=True, default=dict)
    """Fields of the old system that have no place here: label → text as it stood."""
    is_archived = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    search_name = models.GeneratedField(
        expression=FoldNames("given_names", "family_name", "preferred_name", "former_names"),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )
    sort_name = models.GeneratedField(
        expression=FoldNames("family_name", "given_names", Value(""), Value("")),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )

    class Meta:
        ordering: ClassVar = ["sort_name", "id"]
        indexes: ClassVar = [
            models.Index(fields=["sort_name", "id"], name="patients_patient_sort"),
            models.Index(fields=["date_of_birth"], name="patients_patient_born"),
            GinIndex(
                fields=["search_name"], opclasses=["gin_trgm_ops"], name="patients_patient_fuzzy"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(number__gte=1), name="patients_patient_number_positive"
            )
        ]

    def __str__(self) -> str:
        return self.full_name

    def points_in_order(self) -> list[ContactPoint]:
        """Answer the ways to reach the patient, mobile first, e-mail after the phones."""
        order = [kind.value for kind in ContactPoint.Kind]
        return sorted(self.contact_points.all(), key=lambda point: order.index(point.kind))

    @property
    def full_name(self) -> str:
        """Given and family name, or what else there is to call the patient by."""
        names = f"{self.given_names} {self.family_name}".strip()
        return names or self.preferred_name or f"Patient {self.number}"


class ContactPoint(ClinicModel):
    """One way to reach a patient. `normalised` is what look-ups compare: see `contacts.py`."""

    class Kind(models.TextChoices):
        MOBILE = "mobile", "Mobile"
        HOME = "home", "Home phone"
        WORK = "work", "Work phone"
        EMAIL = "email", "E-mail"
        OTHER = "other", "Other"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="contact_points")
    kind = models.CharField(max_length=8, choices=Kind)
    value = models.CharField()
    normalised = models.CharField(blank=True, default="", db_collation="C")
    reversed = models.GeneratedField(
        expression=Reverse("normalised"),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )
    """For numbers given without their area code, or by their last digits."""
    label = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["kind", "id"]
        indexes: ClassVar = [
            models.Index(fields=["normalised"], name="patients_contact_normalised"),
            models.Index(fields=["reversed"], name="patients_contact_reversed"),
        ]

    def __str__(self) -> str:
        return self.value


class Address(ClinicModel):
    class Kind(models.TextChoices):
        HOME = "home", "Home"
        POSTAL = "postal", "Postal"
        OTHER = "other", "Other"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="addresses")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.HOME)
    lines = models.TextField(blank=True, default="")
    suburb = models.CharField(blank=True, default="")
    state = models.CharField(blank=True, default="")
    postcode = models.CharField(blank=True, default="")
    country = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["kind", "id"]
        verbose_name_plural = "addresses"

    def __str__(self) -> str:
        place = " ".join(filter(None, [self.suburb, self.state, self.postcode]))
        return ", ".join(filter(None, [*self.lines.splitlines(), place, self.country]))


class PatientIdentifier(ClinicModel):
    """A card or scheme number. `is_valid` is what its check digit says; None: it has none."""

    class Kind(models.TextChoices):
        MEDICARE = "medicare", "Medicare"
        NDIS = "ndis", "NDIS"
        DVA = "dva", "DVA"
        HEALTH = "health", "Healthcare identifier"
        OTHER = "other", "Other number"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="identifiers")
    kind = models.CharField(max_length=8, choices=Kind)
    value = models.CharField()
    normalised = models.CharField(blank=True, default="", db_collation="C")
    is_valid = models.BooleanField(null=True, blank=True)
    label = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["kind", "id"]
        indexes: ClassVar = [
            models.Index(fields=["normalised"], name="patients_identifier_normalised")
        ]

    def __str__(self) -> str:
        return f"{self.label or self.get_kind_display()} {self.value}"


class CoordinatorAssignment(ClinicModel):
    """Lets a support coordinator from outside see one participant."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assigned_patients"
    )
    patient = models.ForeignKey(
        Patient, on_delete=models.CASCADE, related_name="coordinator_assignments"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "patient"], name="patients_coordinatorassignment_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} → {self.patient}"
