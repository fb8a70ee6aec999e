"""Results from laboratories: what was sent, whose it is, what it says, who has seen it."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q

from clinical.documents.models import Document
from clinical.patients.models import Patient
from tenants.models import ClinicModel


class ResultMessage(ClinicModel):
    """One message, or one PDF, as it came. Its file is kept as a document."""

    class Source(models.TextChoices):
        HL7 = "hl7", "HL7 message"
        PDF = "pdf", "PDF"

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        QUARANTINED = "quarantined", "Could not be read"
        SETTLED = "settled", "Set aside"

    source = models.CharField(max_length=4, choices=Source)
    state = models.CharField(max_length=11, choices=State, default=State.RECEIVED)
    sender = models.CharField(blank=True, default="")
    control_id = models.CharField(blank=True, default="")
    """The sender's own number of the message (MSH-10)."""
    sent_at = models.DateTimeField(null=True, blank=True)
    file_name = models.CharField(blank=True, default="")
    sha256 = models.CharField(max_length=64, db_collation="C")
    """Of the message itself, to know it again."""
    problem = models.TextField(blank=True, default="")
    """Why it could not be read, in words."""

    person_name = models.CharField(blank=True, default="")
    """Whom it says it is about."""
    person = models.JSONField(default=dict)
    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="result_messages"
    )
    evidence = models.JSONField(default=list)
    """Why it was given to that patient, in words."""
    matched_by = models.CharField(blank=True, default="")
    """Empty where the evidence alone decided."""
    matched_at = models.DateTimeField(null=True, blank=True)
    document = models.ForeignKey(
        Document, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    received_by = models.CharField(blank=True, default="")
    received_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-received_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["patient"], name="pathology_message_patient"),
            models.Index(
                fields=["received_at"],
                name="pathology_message_unmatched",
                condition=Q(patient=None, state="received"),
            ),
            models.Index(fields=["sha256"], name="pathology_message_sha256"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sender", "control_id"],
                condition=Q(source="hl7") & ~Q(state="quarantined"),
                name="pathology_message_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["received", "quarantined", "settled"]),
                name="pathology_message_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sender} {self.control_id}".strip() or self.file_name

    @property
    def born(self) -> date | None:
        """Answer the day of birth it names."""
        told = dict(self.person).get("born")
        return date.fromisoformat(told) if told else None


class ResultFile(ClinicModel):
    """That a document came with a message: the message itself, or a file enclosed in it."""

    message = models.ForeignKey(ResultMessage, on_delete=models.CASCADE, related_name="files")
    document = models.OneToOneField(Document, on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering: ClassVar = ["message", "id"]

    def __str__(self) -> str:
        return f"{self.message_id} {self.document_id}"


class ResultReport(ClinicModel):
    """One report of a message. A later version of it stands in `replaced_by`."""

    message = models.ForeignKey(ResultMessage, on_delete=models.CASCADE, related_name="reports")
    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="result_reports"
    )
    position = models.PositiveSmallIntegerField(default=0)
    order_key = models.CharField(blank=True, default="", db_collation="C")
    """Sender, order number and test: equal for the versions of one report; empty without a number."""
    filler_number = models.CharField(blank=True, default="")
    code = models.CharField(blank=True, default="")
    name = models.CharField()
    status = models.CharField(max_length=1, blank=True, default="")
    """OBR-25: P preliminary, F final, C corrected, X cancelled …"""
    collected_at = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    ordered_by = models.CharField(blank=True, default="")
    replaced_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replaces"
    )
    is_reviewed = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-collected_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["patient", "collected_at"], name="pathology_report_patient"),
            models.Index(
                fields=["order_key"],
                name="pathology_report_order",
                condition=~Q(order_key=""),
            ),
            models.Index(
                fields=["created_at"],
                name="pathology_report_unreviewed",
                condition=Q(is_reviewed=False, replaced_by=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ResultValue(ClinicModel):
    """One line of a report. Only who reads results sees it, in the database too."""

    report = models.ForeignKey(ResultReport, on_delete=models.CASCADE, related_name="values")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8)
    code = models.CharField(blank=True, default="")
    name = models.CharField(blank=True, default="")
    text = models.TextField(blank=True, default="")
    units = models.CharField(blank=True, default="")
    reference_range = models.CharField(blank=True, default="")
    flag = models.CharField(max_length=8, blank=True, default="")
    status = models.CharField(max_length=1, blank=True, default="")
    document = models.ForeignKey(
        Document, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    """The enclosed file, where the line is one."""

    class Meta:
        ordering: ClassVar = ["report", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report", "position"], name="pathology_value_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.text[:40]}"


class ResultReview(ClinicModel):
    """That a clinician has seen a report, and what they made of it."""

    report = models.OneToOneField(ResultReport, on_delete=models.CASCADE, related_name="review")
    note = models.TextField(blank=True, default="")
    by_name = models.CharField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-at"]

    def __str__(self) -> str:
        return f"{self.report_id} {self.by_name}"
