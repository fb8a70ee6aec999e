"""What the patient list is read from: one row a patient, kept right by the writes of other tables.

See `summaries.py` for how. The models stand apart from `models.py` because nothing but the list and
the heads of pages reads them, and no code of ours writes them: the database does.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinical.practice.models import FundingType, Location, Practitioner
from tenants.models import ClinicModel


class PatientSummary(models.Model):
    """A patient as the list shows, narrows and sorts them. Only triggers write it.

    Next and last visit are as of when the row was last looked at: `summaries.refresh` first, or
    compare `next_visit_at` with the clock. No foreign key is held by the database: a row comes and
    goes with its patient, in the same statement.
    """

    is_derived: ClassVar = True

    patient = models.OneToOneField(
        "patients.Patient",
        primary_key=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="summary",
    )
    sort_name = models.TextField(db_collation="C", db_default="")
    location = models.ForeignKey(
        Location,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    funding_type = models.ForeignKey(
        FundingType,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    plan_end = models.DateField(null=True)
    is_archived = models.BooleanField(db_default=False)
    is_listed = models.BooleanField(db_default=True)
    """False for a record that was merged into another."""
    last_visit_at = models.DateTimeField(null=True)
    last_practitioner = models.ForeignKey(
        Practitioner,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    next_visit_at = models.DateTimeField(null=True)
    next_practitioner = models.ForeignKey(
        Practitioner,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    documents = models.IntegerField(db_default=0)
    unsigned_notes = models.IntegerField(db_default=0)
    balance_cents = models.BigIntegerField(db_default=0)
    """What is still to be paid, of all that was billed."""

    class Meta:
        db_table = "mv_patient_summary"
        verbose_name_plural = "patient summaries"
        ordering: ClassVar = ["sort_name", "patient"]
        indexes: ClassVar = [
            models.Index(fields=["sort_name", "patient"], name="mv_patient_summary_name"),
            models.Index(
                F("last_visit_at").desc(),
                F("patient").desc(),
                name="mv_patient_summary_last",
                condition=Q(last_visit_at__isnull=False),
            ),
            models.Index(
                fields=["next_visit_at", "patient"],
                name="mv_patient_summary_next",
                condition=Q(next_visit_at__isnull=False),
            ),
            models.Index(
                fields=["plan_end", "patient"],
                name="mv_patient_summary_plan",
                condition=Q(plan_end__isnull=False),
            ),
            models.Index(
                fields=["location", "sort_name", "patient"], name="mv_patient_summary_location"
            ),
            models.Index(
                fields=["last_practitioner", "sort_name", "patient"],
                name="mv_patient_summary_seen_by",
                condition=Q(last_practitioner__isnull=False),
            ),
            models.Index(
                fields=["next_practitioner", "sort_name", "patient"],
                name="mv_patient_summary_next_with",
                condition=Q(next_practitioner__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Summary of {self.patient_id}"


class SummaryMark(ClinicModel):
    """A patient whose summary is to be made anew: its row was taken, or too many came at once."""

    is_derived: ClassVar = True

    patient_id = models.UUIDField()

    class Meta:
        verbose_name = "mark of a summary"
        verbose_name_plural = "marks of summaries"

    def __str__(self) -> str:
        return str(self.patient_id)


class SavedFilter(ClinicModel):
    """A way of narrowing and sorting the patient list that somebody comes back to."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_patient_filters"
    )
    name = models.CharField(max_length=60)
    query = models.JSONField(default=dict)
    """The list's form as it was chosen: ids, dates and words of its own, never what was typed."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "name"], name="patients_savedfilter_once")
        ]

    def __str__(self) -> str:
        return self.name
