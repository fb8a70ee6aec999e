"""Reports that somebody keeps to look at again, and those written to a file in the background."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.models import ClinicModel


class SavedReport(ClinicModel):
    """What one person asks again and again: the fields of the page's form, by a name."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_reports"
    )
    name = models.CharField()
    asked = models.JSONField(default=dict)
    """Field of the form → what was typed; a span such as “last month” stays one."""
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "name"], name="reports_savedreport_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ReportFile(ClinicModel):
    """A report as a file. The row stays when the file is deleted, to tell who took what along."""

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        WRITING = "writing", "Being written"
        READY = "ready", "Ready"
        FAILED = "failed", "Stopped"
        DELETED = "deleted", "Deleted"

    class Format(models.TextChoices):
        XLSX = "xlsx", "Excel"
        PDF = "pdf", "PDF"

    WORKING: ClassVar = (State.QUEUED, State.WRITING)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="report_files"
    )
    format = models.CharField(max_length=4, choices=Format)
    first = models.DateField()
    last = models.DateField()
    location_id = models.UUIDField(null=True)
    practitioner_id = models.UUIDField(null=True)
    words = models.CharField()
    """The period as people read it."""
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    done = models.PositiveSmallIntegerField(default=0)
    total = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(blank=True, default="")
    storage_key = models.CharField(blank=True, default="", db_collation="C")
    size = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["user", "-created_at"], name="reports_file_of_user"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="ready") | ~Q(storage_key=""), name="reports_file_ready_has_key"
            ),
            models.CheckConstraint(
                condition=Q(format__in=["xlsx", "pdf"]), name="reports_file_format"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "writing", "ready", "failed", "deleted"]),
                name="reports_file_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.words} ({self.get_format_display()})"

    @property
    def is_working(self) -> bool:
        return self.state in self.WORKING

    @property
    def file_name(self) -> str:
        return f"report-{self.first}.{self.format}"
