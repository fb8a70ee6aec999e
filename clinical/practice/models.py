"""What a practice is made of: its places, its clinicians, its kinds of visits, who pays."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from tenants.models import ClinicModel

COLOUR_PATTERN = r"^#[0-9a-f]{6}$"
"""A colour as the browser's colour field sends it: # and six hex digits in lower case."""
DEFAULT_COLOUR = "#4a6fa5"
MINUTES_A_DAY = 24 * 60
MOST_ATTENDEES = 200
LONGEST_BUFFER = 4 * 60
"""Minutes before or after a visit that one kind of visit, or one way, may take."""


def _colour_constraint(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(colour__regex=COLOUR_PATTERN), name=name)


class Location(ClinicModel):
    """A place where patients are seen; what staff and FileMaker files call a clinic."""

    name = models.CharField()
    short_name = models.CharField(blank=True, default="")
    colour = models.CharField(max_length=7, default=DEFAULT_COLOUR)
    phone = models.CharField(blank=True, default="")
    email = models.EmailField(blank=True, default="")
    """Where answers to mails from here go."""
    address = models.TextField(blank=True, default="")
    time_zone = models.CharField(
        max_length=64, blank=True, default="", help_text="Empty: the same as the practice's."
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [_colour_constraint("practice_location_colour")]

    def __str__(self) -> str:
        return self.short_name or self.name


class Practitioner(ClinicModel):
    """A clinician with a column in the diary; the account is theirs if they sign in."""

    name = models.CharField()
    discipline = models.CharField(blank=True, default="")
    colour = models.CharField(max_length=7, default=DEFAULT_COLOUR)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="practitioner",
    )
    may_be_double_booked = models.BooleanField(default=True)
    """On purpose and after a warning. Where not, the database itself keeps the visits apart."""
    room_link = models.CharField(blank=True, default="", db_default="")
    """The clinician's own video room; a video visit gets it when it is booked."""
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            _colour_constraint("practice_practitioner_colour"),
            models.CheckConstraint(
                condition=Q(room_link="") | Q(room_link__startswith="https://"),
                name="practice_practitioner_room_link",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProviderNumber(ClinicModel):
    """A clinician's Medicare provider number: there is one for each place of practice."""

    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.CASCADE, related_name="provider_numbers"
    )
    location = models.ForeignKey(
        Location, null=True, blank=True, on_delete=models.CASCADE, related_name="provider_numbers"
    )
    """Empty: wherever there is no other."""
    number = models.CharField(max_length=12)

    class Meta:
        ordering: ClassVar = ["practitioner", "location", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["practitioner", "location"],
                name="practice_providernumber_once",
                nulls_distinct=False,
                violation_error_message="There is a number for this location already.",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class RosterHours(ClinicModel):
    """Hours in which a clinician is at a location each week, as its own clocks show them."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.CASCADE, related_name="roster_hours"
    )
    location = models.ForeignKey(
        Location, null=True, blank=True, on_delete=models.CASCADE, related_name="roster_hours"
    )
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta:
        ordering: ClassVar = ["weekday", "starts", "id"]
        verbose_name_plural = "roster hours"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")), name="practice_rosterhours_ends_later"
            ),
            models.CheckConstraint(
                condition=Q(weekday__lte=6), name="practice_rosterhours_weekday"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M}\N{EN DASH}{self.ends:%H:%M}"


class LocationHours(ClinicModel):
    """Hours in which a location is open each week, as its own clocks show them."""

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(choices=RosterHours.Weekday)
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering: ClassVar = ["weekday", "opens", "id"]
        verbose_name_plural = "location hours"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")), name="practice_locationhours_closes_later"
            ),
            models.CheckConstraint(
                condition=Q(weekday__lte=6), name="practice_locationhours_weekday"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}\N{EN DASH}{self.closes:%H:%M}"


class AppointmentType(ClinicModel):
    """A kind of visit: how long it takes, how many come, what it needs before and after, and where."""

    class Setting(models.TextChoices):
        CLINIC = "clinic", "At a location"
        TELEHEALTH = "telehealth", "By video"
        HOME = "home", "At the patient's home"

    name = models.CharField()
    duration_minutes = models.PositiveSmallIntegerField(default=30)
    colour = models.CharField(max_length=7, default=DEFAULT_COLOUR)
    setting = models.CharField(
        max_length=10, choices=Setting, default=Setting.CLINIC, db_default=Setting.CLINIC
    )
    max_attendees = models.PositiveSmallIntegerField(default=1, db_default=1)
    """1: a visit of one patient; more: a group session."""
    buffer_before = models.PositiveSmallIntegerField(default=0, db_default=0)
    """Minutes in which the clinician gets ready; the patient is not there."""
    buffer_after = models.PositiveSmallIntegerField(default=0, db_default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            _colour_constraint("practice_appointmenttype_colour"),
            models.CheckConstraint(
                condition=Q(setting__in=["clinic", "telehealth", "home"]),
                name="practice_appointmenttype_setting",
            ),
            models.CheckConstraint(
                condition=Q(max_attendees__gte=1, max_attendees__lte=MOST_ATTENDEES),
                name="practice_appointmenttype_attendees",
            ),
            models.CheckConstraint(
                condition=Q(buffer_before__lte=LONGEST_BUFFER, buffer_after__lte=LONGEST_BUFFER),
                name="practice_appointmenttype_buffers",
            ),
            models.CheckConstraint(
                condition=Q(duration_minutes__gte=1, duration_minutes__lte=MINUTES_A_DAY),
                name="practice_appointmenttype_duration",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FundingType(ClinicModel):
    """Who pays for a patient's visits: NDIS, Medicare, DVA, private and so on."""

    name = models.CharField()
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.name
