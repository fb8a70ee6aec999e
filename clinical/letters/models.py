"""Letters about patients, and the templates they start from."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinical.contacts.models import Contact
from clinical.messages.models import Message
from clinical.patients.models import Patient
from clinical.practice.models import Location, Practitioner
from clinical.practice.versioned import TemplateVersion, VersionedTemplate
from tenants.models import ClinicModel


class LetterTemplate(VersionedTemplate):
    """A text that letters start from. Letters keep what they took; earlier texts are kept."""

    subject = models.CharField(blank=True, default="")
    body = models.TextField(blank=True, default="")


class LetterTemplateVersion(TemplateVersion):
    """One text a template had. Never changed."""

    template = models.ForeignKey(LetterTemplate, on_delete=models.CASCADE, related_name="versions")
    name = models.CharField()
    subject = models.CharField(blank=True, default="")
    body = models.TextField(blank=True, default="")

    class Meta(TemplateVersion.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["template", "number"], name="letters_templateversion_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} version {self.number}"


class Letter(ClinicModel):
    """A letter in plain paragraphs. The database keeps final and sent ones as they are."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        FINAL = "final", "Final"
        SENT = "sent", "Sent"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="letters")
    practitioner = models.ForeignKey(
        Practitioner, null=True, blank=True, on_delete=models.PROTECT, related_name="letters"
    )
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="letters"
    )
    location = models.ForeignKey(
        Location, null=True, blank=True, on_delete=models.PROTECT, related_name="letters"
    )
    """Whose letterhead it is on."""
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="letters",
    )
    author_name = models.CharField(blank=True, default="", db_default="")
    recipient = models.TextField(blank=True, default="")
    """Name and address as they stand on the letter."""
    subject = models.CharField(blank=True, default="")
    body = models.TextField(blank=True, default="")
    letter_date = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=5, choices=State, default=State.DRAFT)
    finalised_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0, db_default=0)
    """Counts the saves, so that one who read an older text is told."""
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replaced_by"
    )
    """The final letter that this one corrects: the version before it."""
    version = models.PositiveIntegerField(default=1, db_default=1)
    is_imported = models.BooleanField(default=False, db_default=False)
    """Written elsewhere. The database sets it on a letter that is born final."""
    source_note = models.CharField(blank=True, default="")
    """What an import had to say about the row, shown with it."""
    extra = models.JSONField(blank=True, default=dict)
    """Fields of the old system that have no place here: label → text as it stood."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-letter_date", "-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["patient", "letter_date", "id"], name="letters_letter_patient_date"
            ),
            models.Index(
                models.F("letter_date").desc(nulls_last=True),
                models.F("id").desc(),
                name="letters_letter_newest",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "final", "sent"]), name="letters_letter_state"
            )
        ]

    def __str__(self) -> str:
        return self.subject or "Letter"

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT


class LetterCopy(ClinicModel):
    """Somebody else who gets the letter: printed below it as cc."""

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="copies")
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="letter_copies"
    )
    name = models.CharField()
    """As it is printed."""

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["letter", "contact"], name="letters_lettercopy_once")
        ]

    def __str__(self) -> str:
        return self.name


class LetterMail(ClinicModel):
    """One mail with the letter as its attachment, to one address."""

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting to be sent"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"
        UNCLEAR = "unclear", "May have been sent"

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="mails")
    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="letter_mail")
    name = models.CharField(blank=True, default="")
    address = models.CharField()
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    problem = models.CharField(blank=True, default="")
    """Why it was not sent, or why nobody knows, for a person."""
    tries = models.PositiveSmallIntegerField(default=0)
    asked_by = models.CharField(blank=True, default="")
    asked_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["letter", "asked_at", "id"]
        indexes: ClassVar = [
            models.Index(
                fields=["asked_at"], name="letters_lettermail_queued", condition=Q(state="queued")
            )
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sending", "sent", "failed", "unclear"]),
                name="letters_lettermail_state",
            )
        ]

    def __str__(self) -> str:
        return f"{self.letter} to {self.address}"
