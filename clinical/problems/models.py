"""What is kept about a patient's health as plain lists, and the codes that problems are given.

No licensed classification stands in this code: a clinic loads the edition it has a licence for.
Entries are never deleted: what was entered in error is marked so, and each wording is kept.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q, Value

from clinical.patients.models import FoldNames, Patient
from tenants.models import ClinicModel


class CodeList(ClinicModel):
    """One edition of a classification, as it was loaded from a file."""

    class State(models.TextChoices):
        CHECKING = "checking", "To be checked"
        IN_USE = "in_use", "In use"
        RETIRED = "retired", "Not in use"

    name = models.CharField()
    edition = models.CharField(blank=True, default="")
    state = models.CharField(max_length=8, choices=State, default=State.CHECKING)
    file_name = models.CharField(blank=True, default="")
    size = models.PositiveIntegerField(default=0)
    """How many codes it has."""
    skipped = models.PositiveIntegerField(default=0)
    remarks = models.JSONField(default=list)
    """What was wrong with lines of the file, in words; the first of them."""
    loaded_by = models.CharField(blank=True, default="")
    loaded_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-loaded_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["checking", "in_use", "retired"]),
                name="problems_codelist_state",
            ),
            models.UniqueConstraint(
                fields=["name"], condition=Q(state="in_use"), name="problems_codelist_one_in_use"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.edition}".strip()


class Code(ClinicModel):
    """One code of a classification. `key` is what is compared: capitals and digits only."""

    code_list = models.ForeignKey(CodeList, on_delete=models.CASCADE, related_name="codes")
    code = models.CharField()
    key = models.CharField(db_collation="C")
    title = models.CharField()
    search = models.GeneratedField(
        expression=FoldNames("title", Value(""), Value(""), Value("")),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )

    class Meta:
        ordering: ClassVar = ["key"]
        indexes: ClassVar = [
            models.Index(fields=["key"], name="problems_code_key"),
            GinIndex(fields=["search"], opclasses=["gin_trgm_ops"], name="problems_code_words"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code_list", "key"], name="problems_code_once")
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class _Entry(ClinicModel):
    """One line of a list about a patient."""

    recorded_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField()
    """Also tells one who read an older wording."""
    error_reason = models.CharField(blank=True, default="")
    is_error = models.BooleanField(default=False)
    """Entered in error: kept, and left out of the list."""

    class Meta:
        abstract = True


class Problem(_Entry):
    """A condition, in the clinician's words and, where one was chosen, by its code."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        RESOLVED = "resolved", "Resolved"

    class Side(models.TextChoices):
        NONE = "", "Not stated"
        LEFT = "left", "Left"
        RIGHT = "right", "Right"
        BOTH = "both", "Both sides"

    class Severity(models.TextChoices):
        NONE = "", "Not stated"
        MILD = "mild", "Mild"
        MODERATE = "moderate", "Moderate"
        SEVERE = "severe", "Severe"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="problems")
    name = models.CharField()
    code = models.CharField(blank=True, default="")
    code_title = models.CharField(blank=True, default="")
    code_list = models.CharField(blank=True, default="")
    """Name and edition of the classification as it was then."""
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    onset_on = models.DateField(null=True, blank=True)
    resolved_on = models.DateField(null=True, blank=True)
    side = models.CharField(max_length=5, choices=Side, blank=True, default="")
    severity = models.CharField(max_length=8, choices=Severity, blank=True, default="")
    note = models.TextField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["status", "-onset_on", "-id"]
        indexes: ClassVar = [models.Index(fields=["patient"], name="problems_problem_patient")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=["active", "resolved"]), name="problems_problem_status"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Allergy(_Entry):
    """What a patient reacts to."""

    class Severity(models.TextChoices):
        NONE = "", "Not known"
        MILD = "mild", "Mild"
        MODERATE = "moderate", "Moderate"
        SEVERE = "severe", "Severe"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        INACTIVE = "inactive", "No longer"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="allergies")
    substance = models.CharField()
    reaction = models.CharField(blank=True, default="")
    severity = models.CharField(max_length=8, choices=Severity, blank=True, default="")
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    noted_on = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["status", "substance", "id"]
        verbose_name_plural = "allergies"
        indexes: ClassVar = [models.Index(fields=["patient"], name="problems_allergy_patient")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=["active", "inactive"]), name="problems_allergy_status"
            )
        ]

    def __str__(self) -> str:
        return self.substance


class NoKnownAllergies(ClinicModel):
    """That somebody asked and there were none; ends with the first allergy that is noted."""

    patient = models.ForeignKey(
        Patient, on_delete=models.CASCADE, related_name="no_known_allergies"
    )
    stated_by = models.CharField(blank=True, default="")
    stated_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-stated_at", "-id"]
        verbose_name_plural = "no known allergies"
        indexes: ClassVar = [models.Index(fields=["patient"], name="problems_noallergy_patient")]

    def __str__(self) -> str:
        return f"no known allergies, {self.stated_at:%Y-%m-%d}"


class Medication(_Entry):
    """A medicine as the patient or another practice says it is taken; nothing is prescribed here."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="medications")
    name = models.CharField()
    dose = models.CharField(blank=True, default="")
    frequency = models.CharField(blank=True, default="")
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    source = models.CharField(blank=True, default="")
    note = models.TextField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["name", "id"]
        indexes: ClassVar = [models.Index(fields=["patient"], name="problems_medication_patient")]

    def __str__(self) -> str:
        return " ".join(filter(None, [self.name, self.dose]))


class EntryVersion(ClinicModel):
    """One wording of an entry of any list. Never changed."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12)
    entry_id = models.UUIDField()
    what = models.CharField()
    wording = models.JSONField(default=dict)
    """Label → text."""
    by_name = models.CharField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["entry_id", "at"], name="problems_version_entry"),
            models.Index(fields=["patient"], name="problems_version_patient"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.entry_id} {self.what}"


class ListReview(ClinicModel):
    """That somebody went through one of the lists with the patient."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12)
    by_name = models.CharField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [models.Index(fields=["patient", "at"], name="problems_review_patient")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d}"
