"""Outcome measures of patients: one row an assessment, and the links on which patients fill them in.

What is asked and how it is scored stands in data files (`instruments.py`); a row names the code and
the version it was taken with. The database keeps what is complete as it is.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from tenants.models import ClinicModel


class Assessment(ClinicModel):
    """One instrument, taken once."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        COMPLETE = "complete", "Complete"
        REPLACED = "replaced", "Corrected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="assessments")
    appointment = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.SET_NULL, related_name="assessments"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="assessments",
    )
    author_name = models.CharField(blank=True, default="")
    by_patient = models.BooleanField(default=False, db_default=False)
    code = models.CharField()
    instrument_version = models.CharField()
    answers = models.JSONField(blank=True, default=dict)
    note = models.TextField(blank=True, default="")
    score = models.DecimalField(max_digits=9, decimal_places=3, null=True, blank=True)
    subscores = models.JSONField(blank=True, default=dict)
    """Label → figure as text."""
    band = models.CharField(blank=True, default="")
    taken_on = models.DateField()
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    completed_at = models.DateTimeField(null=True, blank=True)
    replaces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="corrections"
    )
    reason = models.CharField(blank=True, default="")
    """Why it corrects the one before it."""
    withdrawn_reason = models.CharField(blank=True, default="")
    has_alert = models.BooleanField(default=False, db_default=False)
    """An answer was given that somebody must look at."""
    alert_seen_at = models.DateTimeField(null=True, blank=True)
    alert_seen_by = models.CharField(blank=True, default="")
    revision = models.PositiveIntegerField(default=0, db_default=0)
    """Counts the saves, so that one who read an older state is told."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-taken_on", "-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["patient", "code", "taken_on"], name="measures_patient_code_taken"
            ),
            models.Index(
                fields=["created_at"],
                name="measures_alert_unseen",
                condition=Q(has_alert=True, alert_seen_at=None),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "complete", "replaced", "withdrawn"]),
                name="measures_assessment_state",
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(score__isnull=False, completed_at__isnull=False),
                name="measures_assessment_scored",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} of {self.taken_on:%Y-%m-%d}"

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def needs_look(self) -> bool:
        return self.has_alert and self.alert_seen_at is None


class Repeat(ClinicModel):
    """A questionnaire that a patient is asked again and again, by mail, until a day."""

    class Rhythm(models.TextChoices):
        WEEKS = "weeks", "Every few weeks"
        VISIT = "visit", "Before each visit"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="measure_repeats")
    code = models.CharField()
    rhythm = models.CharField(max_length=5, choices=Rhythm)
    weeks = models.PositiveSmallIntegerField(null=True, blank=True)
    days_before = models.PositiveSmallIntegerField(default=2)
    """How long before a visit it is asked."""
    next_on = models.DateField(null=True, blank=True)
    until = models.DateField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="measure_repeats",
    )
    created_by_name = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by_name = models.CharField(blank=True, default="")
    stop_reason = models.CharField(blank=True, default="")
    """Why it ended by itself, in words for people; empty where somebody stopped it."""

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["next_on"], name="measures_repeat_running", condition=Q(stopped_at=None)
            )
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["patient", "code"],
                name="measures_repeat_once",
                condition=Q(stopped_at=None),
            ),
            models.CheckConstraint(
                condition=Q(rhythm="visit", weeks=None)
                | Q(rhythm="weeks", weeks__gte=1, weeks__lte=52),
                name="measures_repeat_rhythm",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} again and again for {self.patient_id}"


class PatientLink(ClinicModel):
    """A link on which a patient answers one instrument, once. Only the digest of its token is kept."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="measure_links")
    assessment = models.OneToOneField(
        Assessment, null=True, blank=True, on_delete=models.SET_NULL, related_name="link"
    )
    code = models.CharField()
    instrument_version = models.CharField()
    token_digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="measure_links",
    )
    created_by_name = models.CharField(blank=True, default="")
    email = models.CharField(blank=True, default="")
    """Where it was sent; empty where somebody copied it."""
    mail_problem = models.CharField(blank=True, default="")
    """Why the mail did not go out, or why nobody knows, in words for people."""
    repeat = models.ForeignKey(
        Repeat, null=True, blank=True, on_delete=models.SET_NULL, related_name="links"
    )
    """Which asking again and again made it; `occasion` says for what day or visit."""
    occasion = models.CharField(blank=True, default="", db_default="")
    sent_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="measures_patientlink_expires"
            ),
            models.UniqueConstraint(
                fields=["repeat", "occasion"],
                name="measures_patientlink_once_an_occasion",
                condition=Q(repeat__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} for {self.patient_id}"


class MeasureSettings(ClinicModel):
    """What the clinic has set for its measures; one row, or none."""

    is_only = models.BooleanField(default=True, unique=True, editable=False)
    crisis_text = models.TextField(blank=True, default="")
    link_days = models.PositiveSmallIntegerField(default=14)

    class Meta:
        verbose_name_plural = "measure settings"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(is_only=True), name="measures_settings_only"),
            models.CheckConstraint(
                condition=Q(link_days__gte=1, link_days__lte=60), name="measures_settings_days"
            ),
        ]

    def __str__(self) -> str:
        return "Settings of measures"
