"""What is kept of the mails that went out, so that later ones and answers find their place."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from clinical.patients.models import Patient
from tenants.models import ClinicModel


class SentMail(ClinicModel):
    """A mail that a mailbox has taken: what it was about, and where it stands there."""

    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="sent_mails"
    )
    topic = models.CharField()
    """What it was about, such as "invoice:<id>": mails of one topic to one address are a thread."""
    told = models.CharField(blank=True, default="")
    """What its subject may speak of, such as the time of a visit."""
    address = models.CharField(db_collation="C")
    """Whom it went to, in small letters."""
    mailbox = models.CharField(db_collation="C")
    """Which of the clinic's mailboxes it came from, in small letters."""
    provider = models.CharField(max_length=20, blank=True, default="")
    """Empty: the platform's own mailbox."""
    subject = models.CharField(blank=True, default="")
    message_ref = models.CharField(db_collation="C")
    """Its Message-ID, which is ours."""
    thread_id = models.CharField(blank=True, default="")
    """The vendor's id of its thread, where the vendor has threads."""
    vendor_id = models.CharField(blank=True, default="")
    sent_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-sent_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["topic", "address"], name="messages_sentmail_topic"),
            models.Index(fields=["message_ref"], name="messages_sentmail_ref"),
            models.Index(
                fields=["thread_id"], name="messages_sentmail_thread", condition=~Q(thread_id="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} to {self.address}"
