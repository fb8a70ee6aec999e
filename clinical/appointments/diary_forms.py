"""What the diary's pages ask for; what makes no sense is left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone

from clinical.appointments.forms import DEFAULT_MINUTES, MINUTES_A_DAY, WITHIN_REACH
from clinical.appointments.openings import Wanted
from clinical.patients.rules import visible_patients
from clinical.practice.models import LONGEST_BUFFER, AppointmentType, Location, Practitioner

if TYPE_CHECKING:
    from datetime import date as _Day  # noqa: N812 - `date` is a field here
    from uuid import UUID

    from accounts.models import User
    from clinical.patients.models import Patient


class AttendeeForm(forms.Form):
    """Who gets a place in a group session."""

    patient = forms.UUIDField(error_messages={"required": "Choose the patient first."})
    may_clash = forms.BooleanField(required=False)
    following = forms.BooleanField(required=False)

    def __init__(self, data: Any = None, *, actor: User) -> None:
        self.actor = actor
        super().__init__(data)

    def clean_patient(self) -> Patient:
        found = visible_patients(self.actor).filter(pk=self.cleaned_data["patient"]).first()
        if found is None:
            raise forms.ValidationError("This patient no longer exists. Choose another.")
        return found


class OpeningsForm(forms.Form):
    """For what a free time is looked for; what makes no sense is left out."""

    date = forms.DateField(required=False, validators=WITHIN_REACH)
    minutes = forms.IntegerField(required=False, min_value=1, max_value=MINUTES_A_DAY)
    appointment_type = forms.ModelChoiceField(AppointmentType.objects, required=False)
    practitioner = forms.ModelChoiceField(Practitioner.objects, required=False)
    location = forms.ModelChoiceField(Location.objects, required=False)
    travel_before = forms.IntegerField(required=False, min_value=0, max_value=LONGEST_BUFFER)
    travel_after = forms.IntegerField(required=False, min_value=0, max_value=LONGEST_BUFFER)

    def wanted(self) -> Wanted:
        self.is_valid()
        cleaned = self.cleaned_data
        kind: AppointmentType | None = cleaned.get("appointment_type")
        road = (cleaned.get("travel_before") or 0, cleaned.get("travel_after") or 0)
        return Wanted(
            minutes=cleaned.get("minutes") or (kind.duration_minutes if kind else DEFAULT_MINUTES),
            before=road[0] + (kind.buffer_before if kind else 0),
            after=road[1] + (kind.buffer_after if kind else 0),
            practitioner=cleaned.get("practitioner"),
            location=cleaned.get("location"),
        )

    def first_day(self) -> _Day | None:
        found: _Day | None = self.cleaned_data.get("date")
        return found


class SheetForm(forms.Form):
    """Which day is printed, whose, and whether strangers may see the paper."""

    date = forms.DateField(required=False, validators=WITHIN_REACH)
    location = forms.ModelChoiceField(Location.objects, required=False)
    practitioner = forms.ModelChoiceField(Practitioner.objects, required=False)
    initials = forms.BooleanField(required=False)

    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}


@dataclass(frozen=True)
class Asked:
    """Which days and whose the grid shows."""

    first: _Day | None
    last: _Day | None
    location: Location | None
    practitioner: UUID | None
    view: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1 if self.first and self.last else 0


class DiaryForm(forms.Form):
    """What the grid asks for; what makes no sense is left out."""

    MOST_DAYS = 43
    VIEWS = (("day", "Day"), ("week", "Week"), ("month", "Month"))

    date = forms.DateField(required=False, validators=WITHIN_REACH)
    until = forms.DateField(required=False, validators=WITHIN_REACH)
    location = forms.UUIDField(required=False)
    practitioner = forms.UUIDField(required=False)
    view = forms.ChoiceField(required=False, choices=VIEWS)

    def is_span(self) -> bool:
        """Answer whether both days are given, in order, and not too far apart."""
        self.is_valid()
        first, last = self.cleaned_data.get("date"), self.cleaned_data.get("until")
        if first is None or last is None:
            return False
        return bool(0 <= (last - first).days < self.MOST_DAYS)

    def asked(self) -> Asked:
        self.is_valid()
        cleaned = self.cleaned_data
        place = cleaned.get("location")
        return Asked(
            first=cleaned.get("date"),
            last=cleaned.get("until"),
            location=Location.objects.filter(pk=place).first() if place else None,
            practitioner=cleaned.get("practitioner"),
            view=cleaned.get("view") or "day",
        )


def _wall_clock(text: str) -> datetime:
    """Read a time without a zone, as the diary sends it."""
    try:
        found = datetime.strptime(text, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - the place's own clock
    except ValueError:
        raise forms.ValidationError("This is not a time.") from None
    for check in WITHIN_REACH:
        check(found.date())
    return found


class MoveForm(forms.Form):
    """Where a block was dropped: times as the clocks at the appointment's own place show them."""

    start = forms.CharField()
    end = forms.CharField()
    practitioner = forms.ModelChoiceField(Practitioner.objects, required=False)
    seen = forms.CharField()
    may_clash = forms.BooleanField(required=False)
    following = forms.BooleanField(required=False)

    def clean_start(self) -> datetime:
        return _wall_clock(self.cleaned_data["start"])

    def clean_end(self) -> datetime:
        return _wall_clock(self.cleaned_data["end"])


class DayForm(forms.Form):
    """Which day and which location; anything else is today at all locations."""

    date = forms.DateField(required=False, validators=WITHIN_REACH)
    location = forms.CharField(required=False)

    def day(self) -> _Day:
        self.is_valid()
        found: _Day | None = self.cleaned_data.get("date")
        return found or timezone.localdate()
