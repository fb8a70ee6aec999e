"""Reminders of visits, and short messages from and to patients."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from clinical.appointments.models import Appointment
from clinical.messages.mail_models import SentMail
from clinical.messages.texting_models import (
    Conversation,
    MessageTemplate,
    OptOut,
    ReminderRule,
    TextSettings,
)
from clinical.patients.models import Patient
from clinical.practice.models import Location
from tenants.models import ClinicModel

__all__ = [
    "Conversation",
    "Message",
    "MessageTemplate",
    "NoticeSettings",
    "OptOut",
    "PatientNotice",
    "Reminder",
    "ReminderRule",
    "SentMail",
    "TextSettings",
]


class Reminder(ClinicModel):
    """One reminder, by whatever way it went or is to go."""

    class Channel(models.TextChoices):
        SMS = "sms", "SMS"
        EMAIL = "email", "E-mail"
        LETTER = "letter", "Letter"
        PHONE = "phone", "Phone call"
        OTHER = "other", "Other"

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        HELD = "held", "Held back"
        SKIPPED = "skipped", "Left out"
        QUEUED = "queued", "Being sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"
        CANCELLED = "cancelled", "Cancelled"

    class Reply(models.TextChoices):
        NONE = "", "No answer"
        YES = "yes", "Confirmed"
        NO = "no", "Asked to cancel"
        OTHER = "other", "Answered"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="reminders")
    appointment = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.SET_NULL, related_name="reminders"
    )
    channel = models.CharField(max_length=6, choices=Channel, default=Channel.OTHER)
    due_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.PLANNED)
    body = models.TextField(blank=True, default="")
    rule = models.ForeignKey(
        ReminderRule, null=True, blank=True, on_delete=models.PROTECT, related_name="reminders"
    )
    """Empty: it came from another system."""
    starts_at = models.DateTimeField(null=True, blank=True)
    """When the visit was to begin, of which it tells: one that was moved is reminded of anew."""
    problem = models.CharField(blank=True, default="", db_default="")
    """Why it was not sent, for a person."""
    reply = models.CharField(
        max_length=5, choices=Reply, blank=True, default=Reply.NONE, db_default=""
    )
    replied_at = models.DateTimeField(null=True, blank=True)
    by = models.CharField(blank=True, default="", db_default="")
    """Who held it back, left it out or sent it, where it was a person."""
    source_note = models.CharField(blank=True, default="")
    """What an import had to say about the row, shown with it."""
    extra = models.JSONField(blank=True, default=dict)
    """Fields of the old system that have no place here: label → text as it stood."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-due_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["patient", "due_at", "id"], name="messages_reminder_patient_due"),
            models.Index(
                fields=["due_at", "id"],
                name="messages_reminder_of_rules",
                condition=Q(rule__isnull=False),
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["appointment", "rule", "starts_at"],
                name="messages_reminder_once",
                condition=Q(rule__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(reply__in=["", "yes", "no", "other"]), name="messages_reminder_reply"
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["sms", "email", "letter", "phone", "other"]),
                name="messages_reminder_channel",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "planned",
                        "held",
                        "skipped",
                        "queued",
                        "sent",
                        "failed",
                        "cancelled",
                    ]
                ),
                name="messages_reminder_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} reminder"


class Message(ClinicModel):
    """One SMS or mail; without a patient it came from a number nobody has."""

    class Channel(models.TextChoices):
        SMS = "sms", "SMS"
        EMAIL = "email", "E-mail"
        OTHER = "other", "Other"

    class Direction(models.TextChoices):
        IN = "in", "From the patient"
        OUT = "out", "From the practice"

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting to be sent"
        SENT = "sent", "Sent"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Not delivered"
        UNCLEAR = "unclear", "May have been sent"
        CANCELLED = "cancelled", "Not sent any more"
        RECEIVED = "received", "Received"

    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="messages"
    )
    appointment = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.SET_NULL, related_name="messages"
    )
    channel = models.CharField(max_length=5, choices=Channel, default=Channel.SMS)
    direction = models.CharField(max_length=3, choices=Direction, default=Direction.OUT)
    address = models.CharField(blank=True, default="")
    """The number or mail address of the other side, as it stood."""
    normalised = models.CharField(blank=True, default="", db_default="", db_collation="C")
    """The address as `clinical.patients.contacts` compares it; empty for what an import brought."""
    reminder = models.ForeignKey(
        Reminder, null=True, blank=True, on_delete=models.SET_NULL, related_name="messages"
    )
    """Which it carries, or answers."""
    subject = models.CharField(blank=True, default="", db_default="")
    body = models.TextField(blank=True, default="")
    quoted = models.TextField(blank=True, default="", db_default="")
    """What a mail repeats of earlier ones, below its own words."""
    attached = models.TextField(blank=True, default="", db_default="")
    """The names of a mail's attachments, one a line; they stay in the mailbox."""
    key = models.CharField(max_length=128, blank=True, default="", db_default="")
    """What it is asked for by: the same twice is one message."""
    due_at = models.DateTimeField(null=True, blank=True)
    """When it goes out, at the earliest."""
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    written_by = models.CharField(blank=True, default="", db_default="")
    """The person's name; empty: it was sent by a rule, or came from outside."""
    provider = models.CharField(max_length=20, blank=True, default="", db_default="")
    vendor_id = models.CharField(blank=True, default="", db_default="")
    segments = models.PositiveSmallIntegerField(null=True, blank=True)
    cost_micros = models.BigIntegerField(null=True, blank=True)
    """Hundredths of a cent of `currency`."""
    currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    problem = models.CharField(blank=True, default="", db_default="")
    """Why it was not sent or not delivered, for a person."""
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    source_note = models.CharField(blank=True, default="")
    """What an import had to say about the row, shown with it."""
    extra = models.JSONField(blank=True, default=dict)
    """Fields of the old system that have no place here: label → text as it stood."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-sent_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["patient", "sent_at", "id"], name="messages_message_patient_sent"),
            models.Index(
                fields=["normalised", "id"],
                name="messages_message_with_number",
                condition=~Q(normalised=""),
            ),
            models.Index(
                fields=["due_at"], name="messages_message_queued", condition=Q(state="queued")
            ),
            # For a month's costs, and whether what was sent lately has arrived.
            models.Index(
                fields=["sent_at"],
                name="messages_message_carried",
                condition=Q(channel="sms") & ~Q(provider=""),
            ),
            models.Index(
                fields=["vendor_id"], name="messages_message_vendor", condition=~Q(vendor_id="")
            ),
            models.Index(
                fields=["normalised", "-sent_at"],
                name="messages_message_to_number",
                condition=Q(reminder__isnull=False),
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], name="messages_message_key", condition=~Q(key="")
            ),
            models.UniqueConstraint(
                fields=["provider", "vendor_id", "direction"],
                name="messages_message_vendor_once",
                condition=~Q(vendor_id=""),
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["sms", "email", "other"]), name="messages_message_channel"
            ),
            models.CheckConstraint(
                condition=Q(direction__in=["in", "out"]), name="messages_message_direction"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "queued",
                        "sent",
                        "delivered",
                        "failed",
                        "unclear",
                        "cancelled",
                        "received",
                    ]
                ),
                name="messages_message_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.get_direction_display()}"


class NoticeSettings(ClinicModel):
    """Whether patients are told by e-mail of what changes in the diary; there is one row or none."""

    only = models.BooleanField(default=True, unique=True, editable=False)
    is_on = models.BooleanField(default=False)
    reply_to = models.EmailField(blank=True, default="")
    phone = models.CharField(blank=True, default="")
    """Which number the mail names; empty: the location's own."""
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "notice settings"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(only=True), name="messages_noticesettings_only")
        ]

    def __str__(self) -> str:
        return "On" if self.is_on else "Off"


class PatientNotice(ClinicModel):
    """What a patient is to be told of one visit, minutes after its last change.

    The row keeps what the patient knows; what is to be said follows from the visit as it stands when
    the mail goes out. So whatever is changed or taken back in between is told once, or not at all.
    """

    class Kind(models.TextChoices):
        BOOKED = "booked", "Booked"
        MOVED = "moved", "Moved"
        CANCELLED = "cancelled", "Cancelled"

    class State(models.TextChoices):
        WAITING = "waiting", "To be told"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Told"
        FAILED = "failed", "Not told"
        DROPPED = "dropped", "Nothing to tell"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="notices")
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=9, choices=Kind)
    known_starts_at = models.DateTimeField(null=True, blank=True)
    """What the patient knows of; empty: of no visit."""
    known_location = models.ForeignKey(
        Location, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    due_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(blank=True, default="")
    """Why the patient was not told, for a person."""
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="notices"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["due_at", "id"]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                name="messages_notice_open",
                condition=Q(state__in=["waiting", "sending"]),
            ),
            models.Index(fields=["patient", "due_at"], name="messages_notice_patient"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["appointment"],
                name="messages_notice_one_waiting",
                condition=Q(state="waiting"),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending", "sent", "failed", "dropped"]),
                name="messages_notice_state",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["booked", "moved", "cancelled"]), name="messages_notice_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_state_display()}"
