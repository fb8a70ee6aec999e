"""The form that books or moves an appointment."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from clinical.appointments.booking_warnings import Wish
from clinical.appointments.models import WaitingEntry
from clinical.appointments.services import Repeat, Way
from clinical.patients.rules import visible_patients
from clinical.practice.clock import LocalTimeError, moment_at, zone_of
from clinical.practice.forms import LinkField
from clinical.practice.models import (
    LONGEST_BUFFER,
    AppointmentType,
    Location,
    Practitioner,
    RosterHours,
)
from clinical.practice.selectors import (
    appointment_types_in_use,
    locations_in_use,
    practitioners_in_use,
)

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.models import User
    from clinical.appointments.models import Appointment
    from clinical.patients.models import Patient

MINUTES_A_DAY = 24 * 60
DEFAULT_MINUTES = 30
NOTES_LENGTH = 10_000
MOST_REPEATS = 52
WITHIN_REACH = (MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2200, 12, 31)))
"""Days that stay days in every time zone and have a neighbour on both sides."""


class VisitForm(forms.Form):
    """Whom a visit is for, what, by whom and where, as far as the actor may choose it."""

    def __init__(
        self, data: Any = None, *, actor: User, initial: dict[str, Any] | None = None
    ) -> None:
        self.actor = actor
        super().__init__(data, initial=initial)

    def offer_choices(self, appointment: Appointment | None = None) -> None:
        """Offer what is in use, and what the appointment has even if it is not."""
        for name, choices in (
            ("appointment_type", appointment_types_in_use),
            ("practitioner", practitioners_in_use),
            ("location", locations_in_use),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
            field.queryset = choices(also=getattr(appointment, f"{name}_id", None))

    def chosen_patient(self) -> Patient | None:
        """Answer the patient that the hidden field names, if the actor may see them."""
        if "patient" not in self.fields:
            return None
        pk = self["patient"].value()
        try:
            return visible_patients(self.actor).filter(pk=pk).first() if pk else None
        except (ValueError, forms.ValidationError):
            return None


class AppointmentForm(VisitForm):
    """Where, when, with whom. The times are those of the chosen location's clocks."""

    patient = forms.UUIDField(required=False, widget=forms.HiddenInput)
    date = forms.DateField(
        validators=WITHIN_REACH,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    time = forms.TimeField(
        widget=forms.TimeInput(attrs={"type": "time", "step": 300}, format="%H:%M")
    )
    minutes = forms.IntegerField(
        min_value=1,
        max_value=MINUTES_A_DAY,
        required=False,
        widget=forms.NumberInput(attrs={"placeholder": "as the type"}),
    )
    appointment_type = forms.ModelChoiceField(
        AppointmentType.objects.none(), required=False, label="Type", empty_label="No type"
    )
    practitioner = forms.ModelChoiceField(
        Practitioner.objects.none(),
        required=False,
        label="Clinician",
        empty_label="No clinician yet",
    )
    location = forms.ModelChoiceField(
        Location.objects.none(), required=False, empty_label="No location"
    )
    repeat_weeks = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label="Repeat",
        choices=(("", "Once"), (1, "Every week"), (2, "Every 2 weeks"), (4, "Every 4 weeks")),
    )
    repeat_times = forms.IntegerField(
        required=False,
        min_value=2,
        max_value=MOST_REPEATS,
        label="Visits in all",
        help_text="With a repeat.",
    )
    travel_before = forms.IntegerField(
        required=False, min_value=0, max_value=LONGEST_BUFFER, label="Minutes on the road before"
    )
    travel_after = forms.IntegerField(
        required=False, min_value=0, max_value=LONGEST_BUFFER, label="after"
    )
    video_link = LinkField(
        required=False,
        label="Video link",
        help_text="Empty: a video visit gets the clinician's own room.",
    )
    notes = forms.CharField(
        required=False, max_length=NOTES_LENGTH, widget=forms.Textarea(attrs={"rows": 3})
    )
    is_here = forms.BooleanField(required=False, label="Is here already: arrived")
    may_clash = forms.BooleanField(
        required=False, label="Book it twice on purpose", widget=forms.HiddenInput
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    """When the row was last changed before the person read it: ISO 8601."""

    def __init__(
        self,
        data: Any = None,
        *,
        actor: User,
        appointment: Appointment | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        if appointment is not None:
            initial = _initial_of(appointment)
        super().__init__(data, actor=actor, initial=initial)
        if appointment is not None:
            del self.fields["repeat_weeks"], self.fields["repeat_times"], self.fields["is_here"]
            if appointment.is_group:
                del self.fields["patient"]
        self.offer_choices(appointment)

    def ask_about_clash(self) -> None:
        """Show the box that lets the person book the taken time on purpose."""
        self.fields["may_clash"].widget = forms.CheckboxInput()

    def clean_patient(self) -> Patient | None:
        pk = self.cleaned_data["patient"]
        if pk is None:
            return None
        patient = visible_patients(self.actor).filter(pk=pk).first()
        if patient is None:
            raise forms.ValidationError("This patient no longer exists. Choose another.")
        return patient

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind: AppointmentType | None = cleaned.get("appointment_type")
        cleaned["minutes"] = cleaned.get("minutes") or (
            kind.duration_minutes if kind else DEFAULT_MINUTES
        )
        if cleaned.get("repeat_weeks") and not cleaned.get("repeat_times"):
            self.add_error("repeat_times", "Say how many visits there are in all.")
        if cleaned.get("date") and cleaned.get("time"):
            try:
                cleaned["starts_at"] = self._starts_at(cleaned)
            except LocalTimeError as error:
                self.add_error("time", str(error))
        return cleaned

    @staticmethod
    def _starts_at(cleaned: dict[str, Any]) -> datetime:
        return moment_at(cleaned["date"], cleaned["time"], zone_of(cleaned.get("location")))

    def repeat(self) -> Repeat | None:
        """Answer how the visit is repeated, where it is."""
        weeks, times = self.cleaned_data.get("repeat_weeks"), self.cleaned_data.get("repeat_times")
        return Repeat(weeks, times) if weeks and times else None

    def wish(self, appointment_id: UUID | None = None) -> Wish | None:
        """Answer the visit as far as it is filled in, to be warned of; None without whom and when."""
        self.is_valid()
        cleaned = self.cleaned_data
        patient, day = cleaned.get("patient"), cleaned.get("date")
        if patient is None or day is None:
            return None
        place = cleaned.get("location")
        start = cleaned.get("starts_at") or moment_at(day, time(12), zone_of(place))
        repeat = self.repeat()
        try:
            later = tuple(repeat.after(start, zone_of(place))) if repeat else ()
        except LocalTimeError:
            later = ()
        return Wish(
            patient=patient,
            starts=(start, *later),
            minutes=cleaned.get("minutes") or DEFAULT_MINUTES,
            practitioner=cleaned.get("practitioner"),
            location=place,
            appointment_type=cleaned.get("appointment_type"),
            appointment_id=appointment_id,
        )

    def columns(self) -> dict[str, Any]:
        """Answer what the services take."""
        names = (
            "practitioner",
            "location",
            "appointment_type",
            "starts_at",
            "minutes",
            "notes",
            "may_clash",
        )
        way = Way(
            travel_before=self.cleaned_data["travel_before"] or 0,
            travel_after=self.cleaned_data["travel_after"] or 0,
            video_link=self.cleaned_data["video_link"],
        )
        chosen = {name: self.cleaned_data[name] for name in names}
        return {**chosen, "patient": self.cleaned_data.get("patient"), "way": way}


def _initial_of(appointment: Appointment) -> dict[str, Any]:
    starts = appointment.starts_at.astimezone(zone_of(appointment.location))
    length = appointment.ends_at - appointment.starts_at
    return {
        "patient": appointment.patient_id,
        "date": starts.date(),
        "time": starts.time(),
        "minutes": int(length.total_seconds() // 60),
        "appointment_type": appointment.appointment_type_id,
        "practitioner": appointment.practitioner_id,
        "location": appointment.location_id,
        "notes": appointment.notes,
        "travel_before": appointment.travel_before or None,
        "travel_after": appointment.travel_after or None,
        "video_link": appointment.video_link,
        "seen": appointment.changed_at.isoformat(),
    }


class WaitingForm(VisitForm):
    """What would suit a patient who waits; what is left open suits any time."""

    patient = forms.UUIDField(widget=forms.HiddenInput)
    priority = forms.TypedChoiceField(
        coerce=int, choices=WaitingEntry.Priority.choices, initial=WaitingEntry.Priority.SOON
    )
    appointment_type = forms.ModelChoiceField(
        AppointmentType.objects.none(), required=False, label="Type", empty_label="Any type"
    )
    practitioner = forms.ModelChoiceField(
        Practitioner.objects.none(),
        required=False,
        label="Clinician",
        empty_label="Any clinician",
    )
    location = forms.ModelChoiceField(
        Location.objects.none(), required=False, empty_label="Any location"
    )
    weekdays = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        choices=RosterHours.Weekday.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: any day.",
    )
    earliest = forms.TimeField(required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    latest = forms.TimeField(required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    until = forms.DateField(
        required=False,
        validators=WITHIN_REACH,
        label="Until",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    note = forms.CharField(
        required=False, max_length=NOTES_LENGTH, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(
        self, data: Any = None, *, actor: User, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, actor=actor, initial=initial)
        self.offer_choices()

    def clean_patient(self) -> Patient:
        found = visible_patients(self.actor).filter(pk=self.cleaned_data["patient"]).first()
        if found is None:
            raise forms.ValidationError("Choose the patient who waits.")
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        earliest, latest = cleaned.get("earliest"), cleaned.get("latest")
        if earliest and latest and latest < earliest:
            self.add_error("latest", "This is before the earliest time.")
        return cleaned
