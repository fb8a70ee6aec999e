"""Files of patients: documents, and images in batches.

The rows are here; the bytes lie in storage under `storage_key`, named by their checksum. A row may
stand without bytes: an import writes the rows first (`awaiting`) and brings the files afterwards.
Text from a clinic's old system has any length, so the columns have no limit; forms set theirs.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from clinical.patients.models import Patient
from clinical.practice.models import Practitioner
from tenants.models import ClinicModel


class ImageBatch(ClinicModel):
    """Images taken on one occasion."""

    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="image_batches"
    )
    name = models.CharField(blank=True, default="")
    taken_on = models.DateField(null=True, blank=True)
    source_note = models.TextField(blank=True, default="")
    """What an import had to say about the row, shown with it."""
    extra = models.JSONField(blank=True, default=dict)
    """Fields of the old system that have no place here: label → text as it stood."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-taken_on", "-id"]
        verbose_name_plural = "image batches"
        indexes: ClassVar = [
            models.Index(fields=["patient", "taken_on"], name="documents_batch_patient_taken")
        ]

    def __str__(self) -> str:
        return self.name or "Images"


class Document(ClinicModel):
    """One file of a patient, or of nobody yet.

    `storage_key` stays when the document goes to another patient; only a newer file changes it.
    """

    class Kind(models.TextChoices):
        DOCUMENT = "document", "Document"
        IMAGE = "image", "Image"

    class State(models.TextChoices):
        AWAITING = "awaiting", "File not here yet"
        STORED = "stored", "Stored"
        MISSING = "missing", "File missing"
        REFUSED = "refused", "Refused"

    class Scan(models.TextChoices):
        PENDING = "pending", "Virus scan pending"
        CLEAN = "clean", "Scanned, clean"
        INFECTED = "infected", "Infected"
        NOT_SCANNED = "not_scanned", "Not scanned"

    kind = models.CharField(max_length=8, choices=Kind, default=Kind.DOCUMENT)
    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.SET_NULL, related_name="documents"
    )
    batch = models.ForeignKey(
        ImageBatch, null=True, blank=True, on_delete=models.SET_NULL, related_name="images"
    )
    practitioner = models.ForeignKey(
        Practitioner, null=True, blank=True, on_delete=models.SET_NULL, related_name="documents"
    )
    category = models.CharField(blank=True, default="")
    title = models.CharField(blank=True, default="")
    caption = models.CharField(blank=True, default="", help_text="The view of an image.")
    file_name = models.CharField(blank=True, default="", help_text="As the file was called.")
    dated_on = models.DateField(null=True, blank=True)

    state = models.CharField(max_length=8, choices=State, default=State.AWAITING)
    problem = models.TextField(blank=True, default="")
    """Why the file is refused, missing or still awaited, in words for the clinic."""
    sha256 = models.CharField(max_length=64, blank=True, default="", db_collation="C")
    size = models.BigIntegerField(null=True, blank=True, help_text="In bytes.")
    media_type = models.CharField(blank=True, default="")
    storage_key = models.CharField(blank=True, default="", db_collation="C")
    width = models.IntegerField(null=True, blank=True)
    height = models.IntegerField(null=True, blank=True)
    thumbnail_key = models.CharField(blank=True, default="", db_collation="C")
    scan = models.CharField(max_length=11, choices=Scan, default=Scan.NOT_SCANNED)

    external_path = models.TextField(blank=True, default="")
    """Where the old system said the file lies."""
    source_note = models.TextField(blank=True, default="")
    """What an import had to say about the row, shown with it."""
    extra = models.JSONField(blank=True, default=dict)
    """Fields of the old system that have no place here: label → text as it stood."""
    is_archived = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-dated_on", "-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["patient", "kind", "dated_on", "id"], name="documents_patient_kind_dated"
            ),
            models.Index(fields=["sha256"], name="documents_sha256"),
            models.Index(fields=["storage_key"], name="documents_storage_key"),
            models.Index(fields=["id"], name="documents_awaiting", condition=Q(state="awaiting")),
            models.Index(fields=["id"], name="documents_scan_pending", condition=Q(scan="pending")),
            models.Index(
                fields=["kind", "id"], name="documents_unlinked", condition=Q(patient=None)
            ),
            models.Index(
                fields=["id"],
                name="documents_without_preview",
                condition=Q(
                    state="stored",
                    thumbnail_key="",
                    width=None,
                    media_type__in=[
                        "image/jpeg",
                        "image/png",
                        "image/gif",
                        "image/webp",
                        "image/tiff",
                        "image/bmp",
                        "application/dicom",
                    ],
                ),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=["document", "image"]), name="documents_document_kind"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["awaiting", "stored", "missing", "refused"]),
                name="documents_document_state",
            ),
            models.CheckConstraint(
                condition=Q(scan__in=["pending", "clean", "infected", "not_scanned"]),
                name="documents_document_scan",
            ),
            models.CheckConstraint(
                condition=~Q(state="stored") | (~Q(storage_key="") & ~Q(sha256="")),
                name="documents_document_stored_has_key",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.file_name or self.get_kind_display()


class Upload(ClinicModel):
    """A file on its way from a browser, part by part; the parts lie in the clinic's work folder."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    batch = models.ForeignKey(
        ImageBatch, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    document = models.ForeignKey(
        Document, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    """What became of it."""
    kind = models.CharField(max_length=8, choices=Document.Kind, default=Document.Kind.DOCUMENT)
    category = models.CharField(blank=True, default="")
    file_name = models.CharField()
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    started_by = models.CharField(blank=True, default="")
    """The id of whoever sends it: nobody else may go on with it."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="documents_upload_created")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(size__gt=0, received__gte=0, received__lte=models.F("size")),
                name="documents_upload_within_size",
            )
        ]

    def __str__(self) -> str:
        return self.file_name
