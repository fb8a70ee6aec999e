"""Clinical notes: written as a draft, locked when signed, changed only by another version."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q, Value

from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from clinical.practice.models import Practitioner
from tenants.models import ClinicModel


class Note(ClinicModel):
    """What a clinician wrote about one patient. The database keeps signed text as it is."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SIGNED = "signed", "Signed"
        AMENDED = "amended", "Amended"

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
    """[{"heading", "text"}] in order; empty for a note that came as one text."""
    body = models.TextField(blank=True, default="")
    """The whole note as text."""
    noted_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    signed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0, db_default=0)
    """How many versions have been signed here."""
    revision = models.PositiveIntegerField(default=0, db_default=0)
    """Counts the saves, so that one who read an older text is told."""
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
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "signed", "amended"]), name="notes_note_state"
            )
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
