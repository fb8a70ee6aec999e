"""The filters above the trail."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import get_user_model

from audit.coverage import recorded_tables
from audit.naming import stands_here
from audit.selectors import EventFilter
from audit.wording import ACTIONS, models_by_table, word_action, word_object

if TYPE_CHECKING:
    from datetime import date, tzinfo


FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Days outside these are asked for by nobody, and leave the calendar in some time zones."""


class FilterForm(forms.Form):
    """Person, action, kind of thing, dates; ids of one thing or patient come from links."""

    person = forms.ChoiceField(required=False)
    action = forms.ChoiceField(required=False)
    kind = forms.ChoiceField(required=False, label="What")
    since = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label="To", widget=forms.DateInput(attrs={"type": "date"})
    )
    thing = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput())
    patient = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput())

    def __init__(self, *args: Any, zone: tzinfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        people = get_user_model().objects.order_by("name").values_list("pk", "name")
        self._offer("person", "Everyone", [(str(pk), name) for pk, name in people])
        self._offer("action", "Every action", [(key, word_action(key).label) for key in ACTIONS])
        tables = [table for table in recorded_tables() if stands_here(models_by_table()[table])]
        kinds = sorted(((table, word_object(table)) for table in tables), key=lambda kind: kind[1])
        self._offer("kind", "Everything", kinds)

        for field in self.fields.values():
            kind = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            field.widget.attrs["class"] = kind

    def _offer(self, name: str, everything: str, choices: list[tuple[str, str]]) -> None:
        """Fill a list; what came by a link is offered too, though it is in no list."""
        chosen = self.data.get(name, "")
        if chosen and chosen not in dict(choices):
            choices = [*choices, (chosen, word_object(chosen))]
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", everything), *choices]

    def wanted(self) -> EventFilter:
        """Answer what to look for; a field that was filled in wrongly asks for nothing."""
        self.is_valid()
        asked = self.cleaned_data
        return EventFilter(
            actor_id=asked.get("person", ""),
            action=asked.get("action", ""),
            object_type=asked.get("kind", ""),
            object_id=asked.get("thing", ""),
            subject_id=asked.get("patient", ""),
            since=self._midnight(asked.get("since")),
            until=self._midnight(asked.get("until"), days=1),
        )

    def is_asking(self) -> bool:
        return any(self.data.get(name) for name in self.fields)

    def _midnight(self, day: date | None, *, days: int = 0) -> datetime | None:
        """Answer the start of a day in the clinic's own time."""
        if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
            return None
        return datetime.combine(day + timedelta(days=days), time.min, tzinfo=self.zone)
