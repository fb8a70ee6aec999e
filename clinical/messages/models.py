"""Reminders of visits, and short messages from and to patients."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from clinical.practice.models import Location
from tenants.models import ClinicModel


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
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"
        CANCELLED = "cancelled", "Cancelled"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="reminders")
    appointment = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.SET_NULL, related_name="reminders"
    )
    channel = models.CharField(max_length=6, choices=Channel, default=Channel.OTHER)
    due_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.PLANNED)
    body = models.TextField(blank=True, default="")
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
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(channel__in=["sms", "email", "letter", "phone", "other"]),
                name="messages_reminder_channel",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["planned", "sent", "failed", "cancelled"]),
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
    body = models.TextField(blank=True, default="")
    sent_at = models.DateTimeField(null=True, blank=True)
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
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(channel__in=["sms", "email", "other"]), name="messages_message_channel"
            ),
            models.CheckConstraint(
                condition=Q(direction__in=["in", "out"]), name="messages_message_direction"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sent", "delivered", "failed", "received"]),
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
