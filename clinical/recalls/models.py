"""Whom the practice wants to see again, when, and what has been tried to reach them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from clinical.practice.models import AppointmentType, Practitioner
from tenants.models import ClinicModel

LONGEST_MONTHS, LONGEST_DAYS = 60, 365


class RecallType(ClinicModel):
    """A reason to see somebody again, such as a review after six months."""

    name = models.CharField()
    months = models.PositiveSmallIntegerField(default=6)
    """From the visit to the day when the recall is due."""
    appointment_type = models.ForeignKey(
        AppointmentType, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """The kind of visit that answers the recall; None: any."""
    is_automatic = models.BooleanField(default=False)
    after_type = models.ForeignKey(
        AppointmentType, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """The kind of completed visit that starts an automatic recall; None: any."""
    early_days = models.PositiveSmallIntegerField(default=42)
    """A visit counts as the answer if it is at most so many days before the recall is due."""
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(months__gte=1, months__lte=LONGEST_MONTHS),
                name="recalls_recalltype_months",
            ),
            models.CheckConstraint(
                condition=Q(early_days__lte=LONGEST_DAYS), name="recalls_recalltype_early"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Recall(ClinicModel):
    """One patient to be seen again."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        CONTACTED = "contacted", "Contacted"
        BOOKED = "booked", "Booked"
        DECLINED = "declined", "Declined"

    WAITING: ClassVar = (State.OPEN, State.CONTACTED)

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="recalls")
    kind = models.ForeignKey(RecallType, on_delete=models.PROTECT, related_name="recalls")
    practitioner = models.ForeignKey(
        Practitioner, null=True, blank=True, on_delete=models.SET_NULL, related_name="recalls"
    )
    due_on = models.DateField()
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    hidden_until = models.DateField(null=True, blank=True)
    """Somebody was reached or a message left: not on the list before this day."""
    reminders = models.PositiveSmallIntegerField(default=0)
    last_contact_at = models.DateTimeField(null=True, blank=True)
    appointment = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.SET_NULL, related_name="answers"
    )
    """The visit that was booked in answer."""
    after = models.OneToOneField(
        Appointment, null=True, blank=True, on_delete=models.SET_NULL, related_name="recall"
    )
    """The visit whose completion made it."""
    note = models.TextField(blank=True, default="")
    created_by = models.CharField(blank=True, default="")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["due_on", "id"]
        indexes: ClassVar = [
            models.Index(
                fields=["due_on", "id"],
                name="recalls_recall_due",
                condition=Q(state__in=["open", "contacted"]),
            ),
            models.Index(fields=["patient", "due_on"], name="recalls_recall_of_patient"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "contacted", "booked", "declined"]),
                name="recalls_recall_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, due {self.due_on}"

    @property
    def is_waiting(self) -> bool:
        return self.state in self.WAITING


class RecallContact(ClinicModel):
    """One try to reach the patient. Never changed, only added to."""

    class Way(models.TextChoices):
        PHONE = "phone", "Phone"
        SMS = "sms", "SMS"
        EMAIL = "email", "E-mail"
        LETTER = "letter", "Letter"
        IN_PERSON = "in_person", "In person"

    class Outcome(models.TextChoices):
        NO_ANSWER = "no_answer", "No answer"
        MESSAGE_LEFT = "message_left", "Message left"
        WILL_CALL = "will_call", "Will call back"
        LATER = "later", "Asked to be called later"
        BOOKED = "booked", "Booked"
        DECLINED = "declined", "Does not want it"
        WRONG_NUMBER = "wrong_number", "Wrong number"

    recall = models.ForeignKey(Recall, on_delete=models.CASCADE, related_name="contacts")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    way = models.CharField(max_length=9, choices=Way, default=Way.PHONE)
    outcome = models.CharField(max_length=12, choices=Outcome)
    note = models.TextField(blank=True, default="")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    by_name = models.CharField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(way__in=["phone", "sms", "email", "letter", "in_person"]),
                name="recalls_contact_way",
            ),
            models.CheckConstraint(
                condition=Q(
                    outcome__in=[
                        "no_answer", "message_left", "will_call", "later", "booked", "declined",
                        "wrong_number",
                    ]
                ),
                name="recalls_contact_outcome",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_way_display()}: {self.get_outcome_display()}"
