"""Exports of everything a clinic has: asked for, written by a worker, fetched, deleted."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q, Value

from tenants.models import ClinicModel


class Takeout(ClinicModel):
    """One export. The row stays when its file is deleted, to tell who took what along, and when."""

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        WRITING = "writing", "Being written"
        READY = "ready", "Ready"
        FAILED = "failed", "Stopped"
        DELETED = "deleted", "Deleted"

    WORKING: ClassVar = (State.QUEUED, State.WRITING)

    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    with_files = models.BooleanField(default=False)
    with_mark = models.BooleanField(default=True)
    """Whether each CSV begins with a byte order mark, which tells Excel that it is UTF-8."""
    asked_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    phase = models.CharField(blank=True, default="")
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True)
    storage_key = models.CharField(blank=True, default="")
    size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    tables = models.JSONField(default=list)
    """[{"table", "rows"}], as the manifest has it."""
    missing_files = models.PositiveIntegerField(default=0)
    problem = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                Value(1),
                condition=Q(state__in=["queued", "writing"]),
                name="takeout_one_at_work",
            )
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_working(self) -> bool:
        return self.state in self.WORKING
