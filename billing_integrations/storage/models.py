"""What moves a clinic's files between the platform's storage and its own bucket."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tenants.models import ClinicModel


class StorageMove(ClinicModel):
    """One go at moving all files to the bucket, or back. A file is never in neither place."""

    class Direction(models.TextChoices):
        IN = "in", "To the practice's own file store"
        OUT = "out", "Back to Nexus"

    class State(models.TextChoices):
        RUNNING = "running", "Being moved"
        DONE = "done", "Moved"
        STOPPED = "stopped", "Stopped"

    direction = models.CharField(max_length=3, choices=Direction)
    state = models.CharField(max_length=7, choices=State, default=State.RUNNING)
    total = models.PositiveIntegerField(default=0)
    """Files that were there to be moved when it began."""
    moved = models.PositiveIntegerField(default=0)
    moved_bytes = models.BigIntegerField(default=0)
    problem = models.CharField(blank=True, default="")
    asked_by = models.CharField(blank=True, default="")
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-started_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["state"], name="clinic_storage_one_move", condition=Q(state="running")
            ),
            models.CheckConstraint(
                condition=Q(direction__in=["in", "out"]), name="clinic_storage_move_direction"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["running", "done", "stopped"]),
                name="clinic_storage_move_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()}: {self.get_state_display()}"
