"""Forms of recalls; saving is the services'."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from clinical.practice.models import Location, Practitioner
from clinical.practice.selectors import locations_in_use, practitioners_in_use
from clinical.recalls.models import LONGEST_DAYS, LONGEST_MONTHS, RecallContact, RecallType
from clinical.recalls.selectors import RecallFilter, Window, types_in_use
from clinical.recalls.services import MOST_HIDDEN_DAYS, TYPE_FIELDS

if TYPE_CHECKING:
    _TypeForm = forms.ModelForm[RecallType]
else:
    _TypeForm = forms.ModelForm

WITHIN_REACH = (MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2200, 12, 31)))
NOTE, MOST_PAGES = 2000, 1000


class _Choosing(forms.Form):
    """Fields that offer what is in use."""

    def offer(self, **choices: Any) -> None:
        for name, queryset in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
            field.queryset = queryset


class RecallForm(_Choosing):
    kind = forms.ModelChoiceField(RecallType.objects.none(), label="Reason", empty_label=None)
    due_on = forms.DateField(
        label="Due",
        validators=WITHIN_REACH,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    practitioner = forms.ModelChoiceField(
        Practitioner.objects.none(), required=False, label="Clinician", empty_label="Anybody"
    )
    note = forms.CharField(
        required=False, max_length=NOTE, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, change: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(kind=types_in_use(), practitioner=practitioners_in_use())
        if change:
            del self.fields["kind"]


class ContactForm(forms.Form):
    way = forms.ChoiceField(choices=RecallContact.Way.choices, initial=RecallContact.Way.PHONE)
    outcome = forms.ChoiceField(
        choices=RecallContact.Outcome.choices, initial=RecallContact.Outcome.NO_ANSWER
    )
    note = forms.CharField(
        required=False, max_length=NOTE, widget=forms.Textarea(attrs={"rows": 2})
    )
    hide_days = forms.IntegerField(
        label="Hide for days",
        required=False,
        min_value=0,
        max_value=MOST_HIDDEN_DAYS,
        initial=7,
        help_text="Off the list until then; 0 leaves it there.",
    )
    go_on = forms.CharField(required=False)

    def columns(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "way": said["way"],
            "outcome": said["outcome"],
            "note": said["note"],
            "hide_days": said["hide_days"] or 0,
        }


class FilterForm(_Choosing):
    """What the list shows; what makes no sense narrows nothing."""

    show = forms.ChoiceField(required=False, choices=[(one.value, one.label) for one in Window])
    practitioner = forms.ModelChoiceField(
        Practitioner.objects.none(), required=False, empty_label="All clinicians"
    )
    recall_type = forms.ModelChoiceField(
        RecallType.objects.none(), required=False, empty_label="All reasons"
    )
    location = forms.ModelChoiceField(
        Location.objects.none(), required=False, empty_label="All locations"
    )
    page = forms.IntegerField(required=False, min_value=1, max_value=MOST_PAGES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(
            practitioner=practitioners_in_use(),
            recall_type=RecallType.objects.all(),
            location=locations_in_use(),
        )

    def asked(self) -> RecallFilter:
        self.is_valid()
        said = self.cleaned_data
        return RecallFilter(
            window=Window(said.get("show") or Window.DUE),
            practitioner_id=getattr(said.get("practitioner"), "pk", None),
            kind_id=getattr(said.get("recall_type"), "pk", None),
            location_id=getattr(said.get("location"), "pk", None),
            page=said.get("page") or 1,
        )


class TypeForm(_TypeForm):
    class Meta:
        model = RecallType
        fields = TYPE_FIELDS
        labels: ClassVar = {
            "months": "Due after months",
            "appointment_type": "Answered by",
            "early_days": "Counts if booked so many days before",
            "is_automatic": "Start it by itself after a completed visit",
            "after_type": "After visits of the type",
            "is_active": "In use",
        }
        help_texts: ClassVar = {
            "appointment_type": "A booked visit of this type closes the recall. Empty: any visit.",
            "after_type": "Empty: after any visit.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name, months, early = (self.fields[one] for one in ("name", "months", "early_days"))
        assert isinstance(name, forms.CharField)  # noqa: S101 - for the type checker
        name.max_length = 120
        name.widget.attrs["maxlength"] = 120
        for field, most in ((months, LONGEST_MONTHS), (early, LONGEST_DAYS)):
            least = 1 if field is months else 0
            field.validators += [MinValueValidator(least), MaxValueValidator(most)]
