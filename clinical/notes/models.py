"""Clinical notes: written as a draft, locked when signed, changed only by another version."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q, Value

from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from clinical.practice.models import AppointmentType, Practitioner
from clinical.practice.versioned import TemplateVersion, VersionedTemplate
from tenants.models import ClinicModel


class NoteTemplate(VersionedTemplate):
    """What a note can start as: sections to fill in. Notes stay on the version they began with."""

    purpose = models.CharField(blank=True, default="")


class NoteTemplateVersion(TemplateVersion):
    """One wording of a template. Never changed."""

    template = models.ForeignKey(NoteTemplate, on_delete=models.CASCADE, related_name="versions")
    name = models.CharField()
    sections = models.JSONField(default=list)
    """See `sections.Section`."""

    class Meta(TemplateVersion.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["template", "number"], name="notes_templateversion_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} version {self.number}"


class TemplateDefault(ClinicModel):
    """What a note begins with after a visit of this type."""

    appointment_type = models.OneToOneField(
        AppointmentType, on_delete=models.CASCADE, related_name="note_template"
    )
    template = models.ForeignKey(NoteTemplate, on_delete=models.CASCADE, related_name="defaults")

    class Meta:
        ordering: ClassVar = ["appointment_type"]

    def __str__(self) -> str:
        return f"{self.appointment_type}: {self.template}"


class Supervision(ClinicModel):
    """Somebody whose notes are co-signed: a student, or a clinician with provisional registration."""

    class Reason(models.TextChoices):
        STUDENT = "student", "Student"
        PROVISIONAL = "provisional", "Provisional registration"
        OTHER = "other", "Other"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="supervision"
    )
    reason = models.CharField(max_length=11, choices=Reason, default=Reason.STUDENT)
    supervisor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    """Who co-signs; empty: anybody who signs alone."""

    class Meta:
        ordering: ClassVar = ["user"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(reason__in=["student", "provisional", "other"]),
                name="notes_supervision_reason",
            ),
            models.CheckConstraint(
                condition=Q(supervisor=None) | ~Q(supervisor=models.F("user")),
                name="notes_supervision_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_reason_display()}"


class Note(ClinicModel):
    """What a clinician wrote about one patient. The database keeps signed text as it is."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SIGNED = "signed", "Signed"
        AMENDED = "amended", "Amended"

    class Cosign(models.TextChoices):
        WAITING = "waiting", "Waits for a co-sign"
        RETURNED = "returned", "Returned by the supervisor"
        DONE = "done", "Co-signed"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="clinical_notes")
    appointment = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.SET_NULL, related_name="clinical_notes"
    )
    practitioner = models.ForeignKey(
        Practitioner, null=True, blank=True, on_delete=models.PROTECT, related_name="clinical_notes"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="clinical_notes",
    )
    author_name = models.CharField(blank=True, default="")
    kind = models.CharField(blank=True, default="")
    title = models.CharField(blank=True, default="")
    sections = models.JSONField(blank=True, default=list, db_default=Value([], models.JSONField()))
    """[{"heading", "text"}] in order; empty for a note that came as one text.

    On a template also `key`, `kind` and, but for plain text, `value`: see `sections`.
    """
    template_version = models.ForeignKey(
        NoteTemplateVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="notes"
    )
    body = models.TextField(blank=True, default="")
    """The whole note as text."""
    noted_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    signed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0, db_default=0)
    """How many versions have been signed here."""
    revision = models.PositiveIntegerField(default=0, db_default=0)
    """Counts the saves, so that one who read an older text is told."""
    cosign = models.CharField(max_length=8, choices=Cosign, blank=True, default="", db_default="")
    cosigned_by = models.CharField(blank=True, default="", db_default="")
    cosigned_at = models.DateTimeField(null=True, blank=True)
    is_imported = models.BooleanField(default=False, db_default=False)
    """Written elsewhere. The database sets it on a note that is born signed."""
    source_note = models.CharField(blank=True, default="")
    """What an import had to say about the row, shown with it."""
    extra = models.JSONField(blank=True, default=dict)
    """Fields of the old system that have no place here: label → text as it stood."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-noted_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["patient", "noted_at", "id"], name="notes_note_patient_noted"),
            models.Index(
                models.F("noted_at").desc(nulls_last=True),
                models.F("id").desc(),
                name="notes_note_newest",
            ),
            models.Index(
                fields=["cosign", "noted_at"], name="notes_note_cosign", condition=~Q(cosign="")
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "signed", "amended"]), name="notes_note_state"
            ),
            models.CheckConstraint(
                condition=Q(cosign="")
                | (Q(cosign__in=["waiting", "returned", "done"]) & ~Q(state="draft")),
                name="notes_note_cosign",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.noted_at:%Y-%m-%d} {self.title or self.kind or 'note'}"

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT


class NoteVersion(ClinicModel):
    """One signed text of a note. Never changed."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(blank=True, default="")
    kind = models.CharField(blank=True, default="")
    sections = models.JSONField(blank=True, default=list)
    body = models.TextField(blank=True, default="")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    author_name = models.CharField(blank=True, default="")
    reason = models.CharField(blank=True, default="")
    """Why it was amended."""
    signed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["note", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["note", "number"], name="notes_noteversion_once")
        ]

    def __str__(self) -> str:
        return f"{self.note_id} version {self.number}"


class NoteReview(ClinicModel):
    """What a supervisor said to one version of a note. Never changed."""

    class Outcome(models.TextChoices):
        COSIGNED = "cosigned", "Co-signed"
        RETURNED = "returned", "Returned"

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="reviews")
    number = models.PositiveIntegerField()
    """The version that was looked at."""
    outcome = models.CharField(max_length=8, choices=Outcome)
    comment = models.TextField(blank=True, default="")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reviewer_name = models.CharField()
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["note", "-created_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(outcome__in=["cosigned", "returned"]), name="notes_notereview_outcome"
            )
        ]

    def __str__(self) -> str:
        return f"{self.note_id} version {self.number}: {self.get_outcome_display()}"
