"""Which days and whose: what makes no sense falls back to the running month."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from clinical.practice.models import Location, Practitioner
from clinical.reports.period import LONGEST_DAYS, Period

WITHIN_REACH = (MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2200, 12, 31)))


class PeriodForm(forms.Form):
    since = forms.DateField(
        label="From",
        validators=WITHIN_REACH,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label="To",
        validators=WITHIN_REACH,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    location = forms.ModelChoiceField(
        Location.objects.none(), required=False, empty_label="All locations"
    )
    practitioner = forms.ModelChoiceField(
        Practitioner.objects.none(),
        required=False,
        label="Clinician",
        empty_label="All clinicians",
    )

    def __init__(self, data: Any, *, today: date) -> None:
        self.usual = {"since": today.replace(day=1), "until": today}
        asked = {name: value for name, value in data.items() if value} if data else {}
        super().__init__({**self.usual, **asked})
        for name, model in (("location", Location), ("practitioner", Practitioner)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
            field.queryset = model._default_manager.all()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("since"), cleaned.get("until")
        if first and last and last < first:
            self.add_error("until", "The end lies before the beginning.")
        elif first and last and last - first >= timedelta(days=LONGEST_DAYS):
            self.add_error("until", f"A report covers at most {LONGEST_DAYS} days.")
        return cleaned

    def period(self) -> Period | None:
        """Answer what to report on, or None where the form is wrong."""
        if not self.is_valid():
            return None
        asked = self.cleaned_data
        return Period(asked["since"], asked["until"], asked["location"], asked["practitioner"])
