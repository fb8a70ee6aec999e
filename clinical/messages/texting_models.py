"""How a clinic texts: its words, its rules, whom it talks with, who wants none of it."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from clinical.patients.models import Patient
from clinical.practice.models import AppointmentType, Location
from tenants.models import ClinicModel

LONGEST_OFFSET = 60
"""Days or hours before a visit."""


class Channel(models.TextChoices):
    """What a clinic sends by itself."""

    SMS = "sms", "SMS"
    EMAIL = "email", "E-mail"


class MessageTemplate(ClinicModel):
    """Words with fields such as {{first_name}}, for reminders and for what staff write often."""

    name = models.CharField(unique=True)
    channel = models.CharField(max_length=5, choices=Channel, default=Channel.SMS)
    subject = models.CharField(blank=True, default="")
    """Of a mail."""
    body = models.TextField()
    is_quick = models.BooleanField(default=False)
    """Offered beside the box in which staff write."""
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(channel__in=["sms", "email"]), name="messages_template_channel"
            ),
            models.CheckConstraint(
                condition=~Q(channel="email") | ~Q(subject=""), name="messages_template_subject"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ReminderRule(ClinicModel):
    """When which visits are reminded of, by what words. Of two that fit a visit, the narrower counts."""

    class Unit(models.TextChoices):
        DAYS = "days", "days"
        HOURS = "hours", "hours"

    template = models.ForeignKey(MessageTemplate, on_delete=models.PROTECT, related_name="rules")
    """Its channel is the rule's."""
    fallback = models.ForeignKey(
        MessageTemplate, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """What is sent where the patient cannot be reached by the first."""
    appointment_type = models.ForeignKey(
        AppointmentType, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    location = models.ForeignKey(
        Location, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    amount = models.PositiveSmallIntegerField(default=2)
    unit = models.CharField(max_length=5, choices=Unit, default=Unit.DAYS)
    window_from = models.TimeField(default=time(9))
    window_until = models.TimeField(default=time(18))
    """Both as the clocks at the visit's location show them."""
    avoids_weekends = models.BooleanField(default=False)
    """What would go out on a Saturday or Sunday goes out on the Friday before."""
    notice_hours = models.PositiveSmallIntegerField(default=24)
    """Visits booked later than this before they begin are not reminded of."""
    skips_confirmed = models.BooleanField(default=False)
    is_on = models.BooleanField(default=False)
    on_since = models.DateTimeField(null=True, blank=True)
    """What was due before then is not made up for."""
    is_retired = models.BooleanField(default=False)
    """Taken off the list; what it sent stays."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(unit__in=["days", "hours"]), name="messages_rule_unit"
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=1, amount__lte=LONGEST_OFFSET), name="messages_rule_amount"
            ),
            models.CheckConstraint(
                condition=Q(window_until__gt=F("window_from")), name="messages_rule_window"
            ),
            models.CheckConstraint(
                condition=Q(is_on=False) | Q(on_since__isnull=False, is_retired=False),
                name="messages_rule_on_since",
            ),
        ]

    def __str__(self) -> str:
        unit = self.unit if self.amount != 1 else self.unit.removesuffix("s")
        return f"{self.amount} {unit} before: {self.template.name}"


class Conversation(ClinicModel):
    """What went to and fro with one telephone number."""

    number = models.CharField(unique=True, db_collation="C")
    """As `clinical.patients.contacts` compares numbers."""
    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.SET_NULL, related_name="conversations"
    )
    """Who wrote or was written to last; empty: a number nobody has."""
    last_at = models.DateTimeField()
    last_text = models.CharField(blank=True, default="")
    last_is_ours = models.BooleanField(default=False)
    unread = models.PositiveIntegerField(default=0)
    is_done = models.BooleanField(default=False)
    """Put away; the next text brings it back."""

    class Meta:
        ordering: ClassVar = ["-last_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["-last_at", "-id"], name="messages_conversation_latest"),
            models.Index(
                fields=["-last_at"], name="messages_conversation_unread", condition=Q(unread__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.number


class OptOut(ClinicModel):
    """A number that wants no texts of this clinic, from when until when."""

    class Way(models.TextChoices):
        REPLY = "reply", "Answered STOP"
        VENDOR = "vendor", "Told the SMS provider"
        STAFF = "staff", "Asked for it"

    number = models.CharField(db_collation="C")
    way = models.CharField(max_length=6, choices=Way)
    by = models.CharField(blank=True, default="")
    """Who wrote it down, where it was a person."""
    note = models.CharField(blank=True, default="")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-began_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["number"], name="messages_optout_number")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["number"], name="messages_optout_once", condition=Q(ended_at=None)
            ),
            models.CheckConstraint(
                condition=Q(way__in=["reply", "vendor", "staff"]), name="messages_optout_way"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class TextSettings(ClinicModel):
    """How the clinic texts; there is one row or none."""

    class OnNo(models.TextChoices):
        TASK = "task", "A task for reception"
        INBOX = "inbox", "Only in the inbox"

    only = models.BooleanField(default=True, unique=True, editable=False)
    quiet_from = models.TimeField(default=time(20))
    quiet_until = models.TimeField(default=time(8))
    """Between the two nothing goes out by itself, and staff are asked whether it can wait."""
    on_no = models.CharField(max_length=5, choices=OnNo, default=OnNo.TASK)
    acknowledges = models.BooleanField(default=False)
    """Whether a yes or a no is answered by a text."""
    thanks_yes = models.CharField(default="Thank you, your appointment is confirmed.")
    thanks_no = models.CharField(
        default="Thank you for letting us know. We will call you about another time."
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "text settings"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(only=True), name="messages_textsettings_only"),
            models.CheckConstraint(
                condition=Q(on_no__in=["task", "inbox"]), name="messages_textsettings_on_no"
            ),
        ]

    def __str__(self) -> str:
        return "How the clinic texts"
