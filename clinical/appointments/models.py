"""Appointments: who is with whom, where, when, and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

import clinical.appointments.today  # noqa: F401 - so that Django finds its model too
from clinical.patients.models import Patient
from clinical.practice.models import LONGEST_BUFFER, AppointmentType, Location, Practitioner
from tenants.models import ClinicModel

NOT_TWICE = "appointments_appointment_not_twice"
"""The constraint that keeps a clinician's visits apart."""


def _utc(field: str) -> Func:
    """Write a moment as PostgreSQL may use it in an index: without asking for the session's zone."""
    return Func(
        field, template="(%(expressions)s AT TIME ZONE 'UTC')", output_field=models.DateTimeField()
    )


def _minutes(*fields: str) -> Func:
    first, second = fields
    return Func(
        F(first) + F(second),
        template="make_interval(mins => (%(expressions)s))",
        output_field=models.DurationField(),
    )


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
    """A span of the diary. Without a patient it is time that is blocked, or a group session.

    A group session is a row without a patient and with `seats` above one: it holds the clinician's
    time. Each who attends has a row of their own with the same times, a status and its moments, and
    `group` naming the session. So a visit of a patient is one row with that patient wherever visits
    are read (their record, timeline, notes, messages, arrivals, reports, merging, the coordinators'
    wall), and only what is about a clinician's time must know of groups: clashes, the constraint
    below, the grid and the hours in the reports count the session and leave its attendees out.
    """

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
    group = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="attendees",
        db_index=False,
    )
    """The group session that the patient attends."""
    seats = models.PositiveSmallIntegerField(default=1, db_default=1)
    """How many may attend; above one it is a group session."""
    buffer_before = models.PositiveSmallIntegerField(default=0, db_default=0)
    """Minutes the clinician needs before, as the type said when it was booked."""
    buffer_after = models.PositiveSmallIntegerField(default=0, db_default=0)
    travel_before = models.PositiveSmallIntegerField(default=0, db_default=0)
    """Minutes on the road to this visit."""
    travel_after = models.PositiveSmallIntegerField(default=0, db_default=0)
    video_link = models.CharField(blank=True, default="", db_default="")
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
            models.Index(
                fields=["group"], name="appointments_group", condition=Q(group__isnull=False)
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="appointments_appointment_ends_later"
            ),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="appointments_appointment_status"
            ),
            models.CheckConstraint(
                condition=Q(seats__gte=1) & (Q(seats=1) | Q(patient__isnull=True)),
                name="appointments_appointment_seats",
            ),
            models.CheckConstraint(
                condition=Q(group__isnull=True)
                | Q(patient__isnull=False, seats=1, is_exclusive=False),
                name="appointments_appointment_attends",
            ),
            models.UniqueConstraint(
                fields=["group", "patient"],
                name="appointments_appointment_attends_once",
                condition=Q(group__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(
                    buffer_before__lte=LONGEST_BUFFER,
                    buffer_after__lte=LONGEST_BUFFER,
                    travel_before__lte=LONGEST_BUFFER,
                    travel_after__lte=LONGEST_BUFFER,
                ),
                name="appointments_appointment_buffers",
            ),
            models.CheckConstraint(
                condition=Q(video_link="") | Q(video_link__startswith="https://"),
                name="appointments_appointment_video_link",
            ),
            ExclusionConstraint(
                name=NOT_TWICE,
                expressions=[
                    ("practitioner", RangeOperators.EQUAL),
                    (
                        Func(
                            _utc("starts_at") - _minutes("buffer_before", "travel_before"),
                            _utc("ends_at") + _minutes("buffer_after", "travel_after"),
                            function="tsrange",
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

    @property
    def is_group(self) -> bool:
        return self.seats > 1

    @property
    def setting(self) -> str:
        """Answer where it takes place: a link makes it a video visit, whatever its type."""
        if self.video_link:
            return AppointmentType.Setting.TELEHEALTH
        return self.appointment_type.setting if self.appointment_type else ""

    @property
    def minutes_before(self) -> int:
        """How long before its start the clinician is busy with it."""
        return self.buffer_before + self.travel_before

    @property
    def minutes_after(self) -> int:
        return self.buffer_after + self.travel_after

    @property
    def busy_from(self) -> datetime:
        return self.starts_at - timedelta(minutes=self.minutes_before)

    @property
    def busy_until(self) -> datetime:
        return self.ends_at + timedelta(minutes=self.minutes_after)


class DiaryColumn(ClinicModel):
    """How one person wants a clinician's column at a location, or where all locations are shown."""

    class Show(models.TextChoices):
        AUTOMATIC = "automatic", "If rostered or booked"
        ALWAYS = "always", "Always"
        NEVER = "never", "Never"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="diary_columns"
    )
    location = models.ForeignKey(
        Location, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    practitioner = models.ForeignKey(Practitioner, on_delete=models.CASCADE, related_name="+")
    show = models.CharField(max_length=9, choices=Show, default=Show.AUTOMATIC)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "location", "practitioner"],
                name="appointments_diarycolumn_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(show__in=["automatic", "always", "never"]),
                name="appointments_diarycolumn_show",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.practitioner}: {self.get_show_display()}"


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
