"""What the application has to tell one person, and the devices that want to hear of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinical.patients.models import Patient
from tenants.models import ClinicModel


class Notice(ClinicModel):
    """One line under a person's bell. Several about the same thing become one until it is read."""

    class Kind(models.TextChoices):
        MESSAGE = "message", "Message"
        MENTION = "mention", "Mention"
        TASK = "task", "Task"
        FILE = "file", "File"
        OTHER = "other", "Other"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.OTHER)
    key = models.CharField()
    """What it is about, such as `thread:ID`: one unread notice for each person and key."""
    text = models.CharField()
    url = models.CharField()
    """Where it leads: a path on the clinic's own host."""
    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["user", "-created_at"], name="notices_notice_of_user"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "key"], condition=Q(read_at=None), name="notices_notice_once_unread"
            ),
            models.CheckConstraint(
                condition=Q(url__startswith="/") & ~Q(url__startswith="//"),
                name="notices_notice_own_host",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["message", "mention", "task", "file", "other"]),
                name="notices_notice_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def icon(self) -> str:
        return _ICONS[self.kind]


_ICONS: dict[str, str] = {
    Notice.Kind.MESSAGE: "message-circle",
    Notice.Kind.MENTION: "at",
    Notice.Kind.TASK: "checkbox",
    Notice.Kind.FILE: "file-download",
    Notice.Kind.OTHER: "info-circle",
}


class PushSubscription(ClinicModel):
    """A browser that asked to be told while no page is open (RFC 8030, RFC 8291)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="push_subscriptions"
    )
    endpoint = models.CharField(unique=True)
    """The push service's address for this browser: whoever knows it could send to it."""
    public_key = models.CharField()
    auth_secret = models.CharField()
    """Both as the browser gave them: base64url without padding."""
    device = models.CharField(blank=True, default="")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(endpoint__startswith="https://"), name="notices_push_https"
            ),
        ]

    def __str__(self) -> str:
        return self.device or "Browser"
