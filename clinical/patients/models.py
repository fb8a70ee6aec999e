"""Patients and what identifies them: names, ways to reach them, addresses, card numbers.

Text from a clinic's old system has any length, so the columns have no limit; forms set theirs.
Look-ups under row-level security keep their index only with leakproof operators (=, ^@, ORDER BY)
on normalised columns in the C collation; fuzzy names go through `clinical.patients.search`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Reverse
from django.utils import timezone

import clinical.patients.list_models  # noqa: F401 - so that Django finds these models too
from clinical.practice.models import FundingType, Location
from tenants.models import ClinicModel

SEARCH_IS_DEAD_AFTER = timedelta(minutes=10)


class FoldNames(Func):
    """The clinic's own `fold_names`: unaccented, lower-case words, each with a space before it."""

    function = "fold_names"
    output_field = models.TextField()


class NextPatientNumber(Func):
    """The next number of the clinic's own series."""

    function = "next_patient_number"
    output_field = models.BigIntegerField()
    arity = 0


class PatientManager(models.Manager["Patient"]):
    """Leaves out records that were merged into another: only `Patient.everyone` has those."""

    def get_queryset(self) -> models.QuerySet[Patient]:
        return super().get_queryset().filter(merged_into=None)


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
    coordinator_since = models.DateField(null=True, blank=True)
    plan_start = models.DateField(null=True, blank=True)
    plan_end = models.DateField(null=True, blank=True)
    alerts = models.TextField(blank=True, default="")
    notes = models.TextField(blank=True, default="")
    xero_contact_id = models.CharField(blank=True, default="")
    extra = models.JSONField(blank=True, default=dict)
    """Fields of the old system that have no place here: label → text as it stood."""
    is_archived = models.BooleanField(default=False)
    archive_reason = models.CharField(blank=True, default="", db_default="")
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged_from"
    )
    """The record of the same person that goes on; never one that is merged itself."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = PatientManager()
    everyone: ClassVar[models.Manager[Patient]] = models.Manager()

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
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("id")),
                name="patients_patient_merged_into_another",
            ),
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

    class Colour(models.TextChoices):
        """A DVA card says by its colour what is paid for."""

        GOLD = "gold", "Gold card"
        WHITE = "white", "White card"
        ORANGE = "orange", "Orange card"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="identifiers")
    kind = models.CharField(max_length=8, choices=Kind)
    value = models.CharField()
    normalised = models.CharField(blank=True, default="", db_collation="C")
    is_valid = models.BooleanField(null=True, blank=True)
    label = models.CharField(blank=True, default="")
    reference = models.CharField(max_length=4, blank=True, default="", db_default="")
    """The person's place on a Medicare card (IRN): the figure before the name."""
    expires_on = models.DateField(null=True, blank=True)
    """The last day of the card; Medicare prints the month only."""
    colour = models.CharField(max_length=8, choices=Colour, blank=True, default="", db_default="")

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


class DuplicateCandidate(ClinicModel):
    """Two records that may be one person's, as the search or a person found them; `first` < `second`.

    Their foreign keys end with the patient (ON DELETE CASCADE): a guess never holds a record back.
    """

    class State(models.TextChoices):
        OPEN = "open", "To be decided"
        MERGED = "merged", "Merged"
        NOT_THE_SAME = "not_the_same", "Two people"

    first = models.ForeignKey(
        Patient, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    second = models.ForeignKey(
        Patient, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    evidence = models.JSONField(default=list)
    """Codes of `duplicates.EVIDENCE`, the strongest first."""
    score = models.PositiveSmallIntegerField(default=0)
    """How much speaks for one person, up to 100: the order of the list, no probability."""
    found_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-score", "id"]
        indexes: ClassVar = [
            models.Index(fields=["state", "-score", "id"], name="patients_duplicate_open")
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["first", "second"], name="patients_duplicate_once"),
            models.CheckConstraint(
                condition=Q(first__lt=F("second")), name="patients_duplicate_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"


class DuplicateSearch(ClinicModel):
    """One look through the whole clinic for people who are here twice."""

    asked_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    patients = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-asked_at"]
        verbose_name_plural = "duplicate searches"

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M}"

    @property
    def is_running(self) -> bool:
        """True while it can still be at work; a worker that is gone says nothing more."""
        return self.finished_at is None and timezone.now() - self.asked_at < SEARCH_IS_DEAD_AFTER


class PatientMerge(ClinicModel):
    """Two records made one: what was taken from the record that is hidden since, and the way back."""

    winner = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges")
    loser = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges_away")
    merged_at = models.DateTimeField()
    merged_by = models.CharField(blank=True, default="")
    changed = models.JSONField(default=dict)
    """Column of the surviving record → [before, after], as JSON holds them."""
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(blank=True, default="")
    left = models.JSONField(default=list)
    """What undoing did not put back, or put back changed: [{"what", "why"}]."""

    class Meta:
        ordering: ClassVar = ["-merged_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["loser"], condition=Q(undone_at=None), name="patients_merge_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.loser_id} → {self.winner_id}"


class MergedRow(ClinicModel):
    """One row that a merge moved to the surviving record, by table, column and key."""

    merge = models.ForeignKey(PatientMerge, on_delete=models.CASCADE, related_name="rows")
    table = models.CharField(max_length=63)
    column = models.CharField(max_length=63)
    row_id = models.CharField(max_length=64)
    digest = models.CharField(max_length=32)
    """MD5 of the rest of the row when it was moved: tells whether it was edited since."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["merge", "table"], name="patients_mergedrow_merge")
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"
