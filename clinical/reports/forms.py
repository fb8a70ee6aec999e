"""Which days and whose: what makes no sense falls back to the running month."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from clinical.practice.models import Location, Practitioner
from clinical.reports.models import ReportFile
from clinical.reports.period import LONGEST_DAYS, Period
from clinical.reports.services import LONGEST_NAME

WITHIN_REACH = (MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2200, 12, 31)))


class Span(StrEnum):
    """Days that move along with the calendar."""

    OWN = ""
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    LAST_30_DAYS = "last_30_days"
    THIS_QUARTER = "this_quarter"
    FINANCIAL_YEAR = "financial_year"
    LAST_FINANCIAL_YEAR = "last_financial_year"

    @property
    def label(self) -> str:
        return _SPANS[self]

    def days(self, today: date) -> tuple[date, date]:
        """Answer its first and last day; the year of accounts begins on 1 July."""
        month = today.replace(day=1)
        july = date(today.year - (today.month < JULY), JULY, 1)
        quarter = today.replace(month=3 * ((today.month - 1) // 3) + 1, day=1)
        before = month - timedelta(days=1)
        return {
            Span.OWN: (month, today),
            Span.THIS_MONTH: (month, today),
            Span.LAST_MONTH: (before.replace(day=1), before),
            Span.LAST_30_DAYS: (today - timedelta(days=29), today),
            Span.THIS_QUARTER: (quarter, today),
            Span.FINANCIAL_YEAR: (july, today),
            Span.LAST_FINANCIAL_YEAR: (july.replace(year=july.year - 1), july - timedelta(days=1)),
        }[self]


JULY = 7
_SPANS = {
    Span.OWN: "The days below",
    Span.THIS_MONTH: "This month",
    Span.LAST_MONTH: "Last month",
    Span.LAST_30_DAYS: "Last 30 days",
    Span.THIS_QUARTER: "This quarter",
    Span.FINANCIAL_YEAR: "This financial year",
    Span.LAST_FINANCIAL_YEAR: "Last financial year",
}


class PeriodForm(forms.Form):
    span = forms.ChoiceField(
        label="Period", required=False, choices=[(one.value, one.label) for one in Span]
    )
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
        moving = str(asked.get("span", ""))
        if moving in _SPANS and moving:
            asked["since"], asked["until"] = Span(moving).days(today)
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

    def kept(self) -> dict[str, str]:
        """Answer what is asked for as text: a moving span without its days of today."""
        said = self.cleaned_data
        days = {} if said["span"] else {name: str(said[name]) for name in ("since", "until")}
        chosen = {name: str(said[name].pk) for name in ("location", "practitioner") if said[name]}
        return {**({"span": said["span"]} if said["span"] else days), **chosen}


class NameForm(forms.Form):
    """Under which name a report is kept."""

    name = forms.CharField(max_length=LONGEST_NAME)


class FormatForm(forms.Form):
    """As what a report is written."""

    format = forms.ChoiceField(choices=ReportFile.Format.choices)
