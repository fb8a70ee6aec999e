"""Appointments: who is with whom, where, when, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from clinical.patients.models import Patient
from clinical.practice.models import AppointmentType, Location, Practitioner
from tenants.models import ClinicModel

NOT_TWICE = "appointments_appointment_not_twice"
"""The constraint that keeps a clinician's visits apart."""


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
    status_times = models.JSONField(blank=True, default=dict)
    """Status → when it was last reached (ISO 8601, UTC)."""
    series_id = models.UUIDField(null=True, blank=True)
    """The same for visits that were booked as one series."""
    is_exclusive = models.BooleanField(default=False)
    """The clinician sees nobody else then: the database refuses a second one."""
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
            models.Index(
                fields=["series_id", "starts_at"],
                name="appointments_series_start",
                condition=Q(series_id__isnull=False),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="appointments_appointment_ends_later"
            ),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="appointments_appointment_status"
            ),
            ExclusionConstraint(
                name=NOT_TWICE,
                expressions=[
                    ("practitioner", RangeOperators.EQUAL),
                    (
                        Func(
                            "starts_at",
                            "ends_at",
                            function="tstzrange",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(is_exclusive=True),
                violation_error_message="The clinician has somebody else at that time.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} {self.patient or 'blocked'}"


class WaitingEntry(ClinicModel):
    """A patient who would take an earlier or any time, and what would suit. Empty: all the same."""

    class Priority(models.IntegerChoices):
        URGENT = 1, "Urgent"
        SOON = 2, "Soon"
        WHENEVER = 3, "Whenever there is room"

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="waiting_entries")
    practitioner = models.ForeignKey(
        Practitioner, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    location = models.ForeignKey(
        Location, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    appointment_type = models.ForeignKey(
        AppointmentType, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    weekdays = models.JSONField(blank=True, default=list)
    """Days that suit, 0 for Monday; empty: any."""
    earliest = models.TimeField(null=True, blank=True)
    latest = models.TimeField(null=True, blank=True)
    """By when the visit must have begun, on the place's clock."""
    until = models.DateField(null=True, blank=True)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.SOON)
    note = models.TextField(blank=True, default="")
    is_open = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["priority", "created_at", "id"]
        verbose_name_plural = "waiting entries"
        indexes: ClassVar = [
            models.Index(
                fields=["priority", "created_at"],
                name="appointments_waiting_open",
                condition=Q(is_open=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient} ({self.get_priority_display()})"
