"""Appointments: who is with whom, where, when, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from clinical.patients.models import Patient
from clinical.practice.models import AppointmentType, Location, Practitioner
from tenants.models import ClinicModel


class Status(models.TextChoices):
    BOOKED = "booked", "Booked"
    CONFIRMED = "confirmed", "Confirmed"
    ARRIVED = "arrived", "Arrived"
    IN_SESSION = "in_session", "In session"
    COMPLETED = "completed", "Completed"
    DID_NOT_ATTEND = "did_not_attend", "Did not attend"
    LATE_CANCELLATION = "late_cancellation", "Late cancellation"
    CANCELLED = "cancelled", "Cancelled"


class Appointment(ClinicModel):
    """A span of the diary. Without a patient it is time that is blocked."""

    Status = Status

    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="appointments"
    )
    location = models.ForeignKey(
        Location, null=True, blank=True, on_delete=models.PROTECT, related_name="appointments"
    )
    practitioner = models.ForeignKey(
        Practitioner, null=True, blank=True, on_delete=models.PROTECT, related_name="appointments"
    )
    appointment_type = models.ForeignKey(
        AppointmentType,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="appointments",
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    status = models.CharField(max_length=20, choices=Status, default=Status.BOOKED)
    cancel_reason = models.CharField(blank=True, default="")
    notes = models.TextField(blank=True, default="")
    source_note = models.CharField(blank=True, default="")
    """What an import had to say about the row, shown with it."""
    extra = models.JSONField(blank=True, default=dict)
    """Fields of the old system that have no place here: label → text as it stood."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["starts_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["starts_at"], name="appointments_start"),
            models.Index(
                fields=["practitioner", "starts_at"], name="appointment_practitioner_start"
            ),
            models.Index(fields=["patient", "starts_at"], name="appointments_patient_start"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="appointments_appointment_ends_later"
            ),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="appointments_appointment_status"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} {self.patient or 'blocked'}"
