"""The form above the list of patients: what it is narrowed to, its order, the words of a search."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms

from clinical.patients.filters import ORDERS, Order, PatientFilter
from clinical.patients.forms import LINE
from clinical.practice.models import FundingType, Location, Practitioner

if TYPE_CHECKING:
    from collections.abc import Iterable

NOWHERE = "none"
UNBOOKED = "none"
PLAN_DAYS = (30, 60, 90)
ADDRESSED = (
    "location", "funding", "clinician", "plan", "plan_from", "plan_until", "archived", "sort",
)  # fmt: skip
"""The fields that stand in the page's address. What was typed never does."""


class FilterForm(forms.Form):
    """What the list is narrowed to, and the words of a search (which only ever come by POST)."""

    q = forms.CharField(required=False, max_length=LINE, strip=True)
    former = forms.BooleanField(required=False, label="Old FileMaker fields too")
    location = forms.ChoiceField(required=False)
    funding = forms.ChoiceField(required=False)
    clinician = forms.ChoiceField(required=False, label="Visits")
    plan = forms.ChoiceField(
        required=False,
        label="Plan end",
        choices=[
            ("", "Any plan end"),
            ("ended", "Plan has ended"),
            *((str(days), f"Plan ends within {days} days") for days in PLAN_DAYS),
            ("range", "Plan ends between…"),
        ],
    )
    plan_from = forms.DateField(
        required=False, label="From", widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    plan_until = forms.DateField(
        required=False, label="Until", widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    archived = forms.ChoiceField(
        required=False,
        label="Archived",
        choices=[("", "Without archived"), ("on", "Archived too"), ("only", "Archived only")],
    )
    sort = forms.ChoiceField(
        required=False,
        label="Sort by",
        choices=[
            ("", "Name"),
            *((key, one.label) for key, one in ORDERS.items() if key != "name"),
        ],
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        places = [(str(place.pk), place.name) for place in Location.objects.all()]
        payers = [(str(payer.pk), payer.name) for payer in FundingType.objects.all()]
        clinicians = [(str(one.pk), one.name) for one in Practitioner.objects.all()]
        self._offer("location", [("", "All locations"), *places, (NOWHERE, "No location")])
        self._offer("funding", [("", "All funding"), *payers])
        self._offer(
            "clinician",
            [
                ("", "Any visits"),
                (f"next:{UNBOOKED}", "Nothing booked"),
                ("Next visit with", [(f"next:{pk}", name) for pk, name in clinicians]),
                ("Last seen by", [(f"last:{pk}", name) for pk, name in clinicians]),
            ],
        )
        for field in self.fields.values():
            is_choice = isinstance(field, forms.ChoiceField)
            field.widget.attrs["class"] = "form-select" if is_choice else "form-control"
        self.is_valid()

    def _offer(self, name: str, choices: Iterable[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = list(choices)

    def wanted(self, *, today: date) -> PatientFilter:
        """Answer the filter; what is not understood narrows nothing."""
        given = self.cleaned_data
        location, archived = given.get("location") or "", given.get("archived")
        which, _, clinician = (given.get("clinician") or "").partition(":")
        who = UUID(clinician) if clinician not in {"", UNBOOKED} else None
        plan_from, plan_until = self._plan(today)
        return PatientFilter(
            location_id=UUID(location) if location not in {"", NOWHERE} else None,
            without_location=location == NOWHERE,
            funding_type_id=UUID(given["funding"]) if given.get("funding") else None,
            seen_by=who if which == "last" else None,
            next_with=who if which == "next" else None,
            without_next=clinician == UNBOOKED,
            plan_from=plan_from,
            plan_until=plan_until,
            with_archived=archived == "on",
            only_archived=archived == "only",
        )

    def _plan(self, today: date) -> tuple[date | None, date | None]:
        plan = self.cleaned_data.get("plan")
        if plan == "range":
            return self.cleaned_data.get("plan_from"), self.cleaned_data.get("plan_until")
        if plan == "ended":
            return None, today - timedelta(days=1)
        return (today, today + timedelta(days=int(plan))) if plan else (None, None)

    def order(self) -> Order:
        return ORDERS[self.cleaned_data.get("sort") or "name"]

    def kept(self, *, without: Iterable[str] = ()) -> dict[str, str]:
        """Answer what was understood, as the address writes it."""
        left_out = {*without, *(() if self._is_range() else ("plan_from", "plan_until"))}
        found = {name: self.cleaned_data.get(name) for name in ADDRESSED if name not in left_out}
        return {name: str(value) for name, value in found.items() if value}

    def _is_range(self) -> bool:
        return self.cleaned_data.get("plan") == "range"

    def chosen(self) -> list[tuple[str, str]]:
        """Answer name and words of each filter that is set, the order aside."""
        found = []
        for name in ("location", "funding", "clinician", "plan", "archived"):
            value = self.cleaned_data.get(name)
            if value:
                found.append((name, self._words(name, value)))
        return found

    def _words(self, name: str, value: str) -> str:
        if name == "plan" and value == "range":
            first, last = self._plan(date.today())  # noqa: DTZ011 - a range needs no today
            return " ".join(
                ["Plan ends", *([f"from {first:%d/%m/%Y}"] if first else []),
                 *([f"until {last:%d/%m/%Y}"] if last else [])]
            )  # fmt: skip
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        choices: Any = field.choices
        for key, label in choices:
            if isinstance(label, list | tuple):
                for inner, words in label:
                    if inner == value:
                        return f"{key} {words}"
            elif key == value:
                return (
                    f"{'Plan e' + str(label)[1:] if name == 'plan' and label[0] == 'E' else label}"
                )
        return value
