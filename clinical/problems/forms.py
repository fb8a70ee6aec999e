"""Forms about the lists and about code lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone

from clinical.patients.forms import WrittenDateField
from clinical.problems.models import Allergy, Problem
from clinical.problems.selectors import code_in_use

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

LINE = 200
TEXT = 4000


def _line(label: str, *, help_text: str = "", required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=LINE, help_text=help_text,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip


def _note() -> forms.CharField:
    return forms.CharField(
        label="Note", required=False, max_length=TEXT, widget=forms.Textarea(attrs={"rows": 2})
    )


class _PastDateField(WrittenDateField):
    def clean(self, value: Any) -> date | None:
        found = super().clean(value)
        if found is not None and found > timezone.localdate():
            raise forms.ValidationError("This day has not come yet.")
        return found


class _EntryForm(forms.Form):
    seen = forms.CharField(required=False, widget=forms.HiddenInput, max_length=40)

    def __init__(self, data: Any = None, *, entry: Any = None) -> None:
        initial = {}
        if entry is not None:
            initial = {name: getattr(entry, name, None) for name in self.base_fields}
            initial["seen"] = entry.changed_at.isoformat()
        super().__init__(data, initial=initial)
        self.entry = entry

    def values(self) -> dict[str, Any]:
        return {name: v for name, v in self.cleaned_data.items() if name != "seen"}


class ProblemForm(_EntryForm):
    name = _line("Problem", required=True, help_text="In your own words.")
    picked = forms.CharField(required=False, max_length=36, widget=forms.HiddenInput)
    """A code's id; nothing: no code; `keep`: the one it has."""
    status = forms.ChoiceField(choices=Problem.Status.choices, initial="active")
    onset_on = _PastDateField(required=False, label="Since")
    resolved_on = _PastDateField(required=False, label="Resolved on")
    side = forms.ChoiceField(required=False, choices=Problem.Side.choices)
    severity = forms.ChoiceField(required=False, choices=Problem.Severity.choices)
    note = _note()

    def values(self) -> dict[str, Any]:
        """Answer the columns; a code that was picked brings its words along."""
        values = super().values()
        picked = values.pop("picked")
        if picked == "":
            values |= {"code": "", "code_title": "", "code_list": ""}
        elif picked != "keep" and (code := code_in_use(picked)):
            values |= {
                "code": code.code,
                "code_title": code.title,
                "code_list": str(code.code_list),
            }
        if values["status"] == Problem.Status.ACTIVE:
            values["resolved_on"] = None
        return values


class AllergyForm(_EntryForm):
    substance = _line("Substance", required=True, help_text="Such as latex, penicillin, tape.")
    reaction = _line("Reaction", help_text="What happens: rash, swelling, trouble breathing.")
    severity = forms.ChoiceField(
        required=False,
        choices=Allergy.Severity.choices,
        help_text="Severe ones stand in red at the head of the record and beside the diary.",
    )
    status = forms.ChoiceField(choices=Allergy.Status.choices, initial="active")
    noted_on = _PastDateField(required=False, label="Known since")
    note = _note()


class MedicationForm(_EntryForm):
    name = _line("Medicine", required=True)
    dose = _line("Dose", help_text="Such as 500 mg.")
    frequency = _line("How often", help_text="Such as twice a day, when needed.")
    since = WrittenDateField(required=False)
    until = WrittenDateField(
        required=False, help_text="From the day after on it stands among the past ones."
    )
    source = _line("Who says so", help_text="Patient, doctor’s letter, hospital summary …")
    note = _note()


FORMS: Mapping[str, type[_EntryForm]] = {
    "problems": ProblemForm,
    "allergies": AllergyForm,
    "medications": MedicationForm,
}


class CodeFileForm(forms.Form):
    """A file of codes that the clinic has a licence for."""

    name = forms.CharField(max_length=80, initial="ICD-10-AM", label="Classification")
    edition = forms.CharField(
        required=False, max_length=80, help_text="Such as Twelfth edition, July 2022."
    )
    file = forms.FileField(
        label="File",
        help_text="CSV or tab-separated text with a column of codes and one of titles, or ClaML (XML).",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.tab,.xml,.claml"}),
    )
