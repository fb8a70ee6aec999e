"""What the operators tell clinics and the public: news, maintenance to come, troubles."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from tenants.ids import uuid7

if TYPE_CHECKING:
    from datetime import datetime


class Announcement(models.Model):
    """One line above the pages of all clinics, or of some, and perhaps on the public page."""

    class Kind(models.TextChoices):
        NEWS = "news", "News"
        MAINTENANCE = "maintenance", "Maintenance"
        TROUBLE = "trouble", "Trouble"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=11, choices=Kind, default=Kind.NEWS)
    title = models.CharField(max_length=80)
    text = models.CharField(max_length=400, blank=True, default="")
    shown_from = models.DateTimeField()
    shown_until = models.DateTimeField()
    window_begins = models.DateTimeField(null=True)
    """When the work begins that it announces; empty where it announces none."""
    window_ends = models.DateTimeField(null=True)
    tenant_ids = ArrayField(models.IntegerField(), default=list)
    """Whom it is for; empty: everybody."""
    is_public = models.BooleanField(default=False)
    """Whether the public status page shows it; only what is for everybody is."""
    is_dismissible = models.BooleanField(default=True)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-shown_from", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(shown_until__gt=F("shown_from")),
                name="announcement_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(is_public=False) | Q(tenant_ids=[]),
                name="announcement_public_is_for_everybody",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def state_at(self, now: datetime) -> str:
        """Answer withdrawn, coming, shown or over."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        if now < self.shown_from:
            return "coming"
        return "shown" if now < self.shown_until else "over"
