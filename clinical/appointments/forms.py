"""The form that books or moves an appointment."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from clinical.patients.rules import visible_patients
from clinical.practice.clock import LocalTimeError, moment_at, zone_of
from clinical.practice.models import AppointmentType, Location, Practitioner
from clinical.practice.selectors import (
    appointment_types_in_use,
    locations_in_use,
    practitioners_in_use,
)

if TYPE_CHECKING:
    from datetime import date as _Day  # noqa: N812 - `date` is a field here
    from datetime import datetime

    from accounts.models import User
    from clinical.appointments.models import Appointment
    from clinical.patients.models import Patient

MINUTES_A_DAY = 24 * 60
DEFAULT_MINUTES = 30
NOTES_LENGTH = 10_000
WITHIN_REACH = (MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2200, 12, 31)))
"""Days that stay days in every time zone and have a neighbour on both sides."""


class AppointmentForm(forms.Form):
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
    notes = forms.CharField(
        required=False, max_length=NOTES_LENGTH, widget=forms.Textarea(attrs={"rows": 3})
    )
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
        self.actor = actor
        if appointment is not None:
            initial = _initial_of(appointment)
        super().__init__(data, initial=initial)
        self._offer("appointment_type", appointment_types_in_use, appointment)
        self._offer("practitioner", practitioners_in_use, appointment)
        self._offer("location", locations_in_use, appointment)

    def _offer(self, name: str, choices: Any, appointment: Appointment | None) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = choices(also=getattr(appointment, f"{name}_id", None))

    def ask_about_clash(self) -> None:
        """Show the box that lets the person book the taken time on purpose."""
        self.fields["may_clash"].widget = forms.CheckboxInput()

    def chosen_patient(self) -> Patient | None:
        """Answer the patient that the hidden field names, if the actor may see them."""
        pk = self["patient"].value()
        try:
            return visible_patients(self.actor).filter(pk=pk).first() if pk else None
        except (ValueError, forms.ValidationError):
            return None

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
        if cleaned.get("date") and cleaned.get("time"):
            try:
                cleaned["starts_at"] = self._starts_at(cleaned)
            except LocalTimeError as error:
                self.add_error("time", str(error))
        return cleaned

    @staticmethod
    def _starts_at(cleaned: dict[str, Any]) -> datetime:
        return moment_at(cleaned["date"], cleaned["time"], zone_of(cleaned.get("location")))

    def columns(self) -> dict[str, Any]:
        """Answer what the services take."""
        names = (
            "patient",
            "practitioner",
            "location",
            "appointment_type",
            "starts_at",
            "minutes",
            "notes",
            "may_clash",
        )
        return {name: self.cleaned_data[name] for name in names}


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
        "seen": appointment.changed_at.isoformat(),
    }


class DayForm(forms.Form):
    """Which day and which location; anything else is today at all locations."""

    date = forms.DateField(required=False, validators=WITHIN_REACH)
    location = forms.CharField(required=False)

    def day(self) -> _Day:
        self.is_valid()
        found: _Day | None = self.cleaned_data.get("date")
        return found or timezone.localdate()
