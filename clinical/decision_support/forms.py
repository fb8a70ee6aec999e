"""What the pages about rules and reminders send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from clinical.decision_support.conditions import KINDS
from clinical.decision_support.models import Rule
from clinical.decision_support.rules import ROLES
from clinical.decision_support.services import MOST_CONDITIONS, REASON_LENGTH
from clinical.measures.instruments import all_instruments
from clinical.patients.forms import WrittenDateField

if TYPE_CHECKING:
    from collections.abc import Sequence

LINE = 200


class RuleForm(forms.Form):
    """A rule without its conditions."""

    name = forms.CharField(max_length=LINE)
    text = forms.CharField(
        max_length=1000, label="Reminder", widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What is to be done, in one sentence.",
    )  # fmt: skip
    match = forms.ChoiceField(choices=Rule.Match.choices, label="When", widget=forms.RadioSelect)
    severity = forms.ChoiceField(choices=Rule.Severity.choices, label="How important")
    in_header = forms.BooleanField(required=False, label="Show in the record", initial=True)
    in_diary = forms.BooleanField(required=False, label="Show beside the diary")
    roles = forms.MultipleChoiceField(
        choices=[(str(role), role.label) for role in ROLES],
        label="For whom",
        widget=forms.CheckboxSelectMultiple,
    )
    is_active = forms.BooleanField(required=False, label="In use")
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def fields_of_rule(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}


class ConditionForm(forms.Form):
    """One condition; what its kind does not need is left out."""

    kind = forms.ChoiceField(
        required=False,
        choices=[("", "Choose …"), *((kind.key, kind.label) for kind in KINDS.values())],
        label="Condition",
    )
    code = forms.ChoiceField(
        required=False,
        label="Measure",
        choices=lambda: [
            ("", "Any measure"),
            *sorted(((c, i.short) for c, i in all_instruments().items()), key=lambda p: p[1]),
        ],
    )
    compare = forms.ChoiceField(
        required=False, label="Is", choices=[("least", "at least"), ("most", "at most")]
    )
    number = forms.IntegerField(required=False, min_value=0, max_value=10_000)
    words = forms.CharField(required=False, max_length=LINE, label="Words or codes")
    remove = forms.BooleanField(required=False, label="Delete")

    def kept(self) -> dict[str, Any] | None:
        values = self.cleaned_data
        kind = KINDS.get(values.get("kind", ""))
        if kind is None or values["remove"]:
            return None
        needed = {
            name: values[name] for name in sorted(kind.needs) if values[name] not in {"", None}
        }
        return {"kind": kind.key, **needed}


def condition_rows(data: Any = None, *, conditions: Sequence[Any] = ()) -> Any:
    rows = forms.formset_factory(
        ConditionForm, extra=0 if conditions else 1, max_num=MOST_CONDITIONS,
        absolute_max=2 * MOST_CONDITIONS,
    )  # fmt: skip
    return rows(data, initial=list(conditions), prefix="condition")


class SettleForm(forms.Form):
    """Putting a reminder off, or dismissing it."""

    until = WrittenDateField(required=False, label="Until")
    reason = forms.CharField(required=False, max_length=REASON_LENGTH)
