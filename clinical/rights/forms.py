"""What the pages about people's rights send; saving is the services'."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from clinical.rights.models import RightsRequest
from clinical.rights.policy import jurisdictions
from clinical.rights.research import FIELDS

if TYPE_CHECKING:
    from collections.abc import Collection

    from clinical.rights.models import Breach
    from clinical.rights.policy import Policy

TEXT, LINE = 10_000, 200
WITHIN_REACH = (MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2200, 12, 31)))


def _text(*, rows: int = 3, required: bool = False, **more: Any) -> forms.CharField:
    return forms.CharField(
        required=required, max_length=TEXT, widget=forms.Textarea(attrs={"rows": rows}), **more
    )


def _day(*, required: bool = True, **more: Any) -> forms.DateField:
    return forms.DateField(
        required=required,
        validators=WITHIN_REACH,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        **more,
    )


class RequestForm(forms.Form):
    kind = forms.ChoiceField(choices=RightsRequest.Kind.choices, label="Asks for")
    asked_on = _day(label="Asked on", initial=timezone.localdate)
    asked_by = forms.CharField(
        required=False, max_length=LINE, label="Asked by",
        help_text="If not the patient: who, and what they may act by.",
    )  # fmt: skip
    words = _text(
        label="In their words",
        help_text="What is wrong and how it should read, or what is to stop.",
    )


class DecisionForm(forms.Form):
    state = forms.ChoiceField(
        choices=[("done", "Done"), ("refused", "Refused"), ("withdrawn", "Withdrawn")],
        label="What became of it",
    )
    reason = _text(
        label="What the person is told", help_text="For a refusal: the reason, and how to complain."
    )
    about = forms.CharField(required=False, max_length=LINE, label="Their statement is about")
    statement = _text(
        label="Statement of the person",
        help_text="Where you do not correct what they ask: their words stand with the record from now on.",
    )


class RestrictionForm(forms.Form):
    uses = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label="What is to stop")
    reason = _text(rows=2, label="Why")

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["uses"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - for the type checker
        field.choices = [(use.key, f"{use.label}: {use.about}") for use in policy.uses]


class HoldForm(forms.Form):
    why = _text(
        rows=2,
        required=True,
        label="Why it must be held",
        help_text="A claim, an inquiry, a subpoena.",
    )
    until = _day(required=False, label="Until", help_text="Empty: until somebody lifts it.")


class FactForm(forms.Form):
    died_on = _day(required=False, label="Died on")
    is_for_life = forms.BooleanField(
        required=False, label="Mentally impaired: kept for life where the law says so"
    )


class ReasonForm(forms.Form):
    reason = _text(rows=2, required=True, label="Why")


class JurisdictionForm(forms.Form):
    jurisdiction = forms.ChoiceField(label="Jurisdiction")
    contact = forms.CharField(
        required=False, max_length=LINE, label="Privacy contact",
        help_text="Printed on statements: a name, a phone or an e-mail address.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["jurisdiction"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = list(jurisdictions().items())


class BreachForm(forms.Form):
    title = forms.CharField(
        max_length=LINE, label="In a line", help_text="Without names of patients."
    )
    found_on = _day(label="Found on", initial=timezone.localdate)
    happened = _text(label="What happened")
    kinds = _text(
        rows=2, label="Kinds of information", help_text="Contact details, notes, Medicare numbers …"
    )
    people_count = forms.IntegerField(
        required=False, min_value=0, max_value=10_000_000, label="How many people"
    )
    contained = _text(rows=2, label="What was done against it")
    advice = _text(rows=2, label="What the people should do")

    def __init__(self, *args: Any, breach: Breach | None = None, **kwargs: Any) -> None:
        if breach is not None:
            kwargs["initial"] = {name: getattr(breach, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        if breach is not None:
            del self.fields["found_on"]


class StepForm(forms.Form):
    key = forms.ChoiceField(label="Step")
    on = _day(label="Day", initial=timezone.localdate)
    words = _text(rows=2, label="What was done, and by whom")

    def __init__(
        self, *args: Any, policy: Policy, taken: Collection[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["key"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = [
            (step.key, step.label) for step in policy.breach_steps[1:] if step.key not in taken
        ]


class ExtractForm(forms.Form):
    purpose = _text(rows=2, required=True, label="What it is for")
    fields_wanted = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        label="Fields, each generalised",
        choices=[
            (f.key, f"{f.label}{f' ({f.about})' if f.about else ''}") for f in FIELDS.values()
        ],
    )
    k = forms.IntegerField(
        min_value=2, max_value=100, label="At least so many people look alike",
        help_text="Rows that fewer share are left out. The more fields, the more are left out.",
    )  # fmt: skip


class MomentForm(forms.Form):
    """A day and a time of the clinic's clock."""

    date = _day(label="Day")
    time = forms.TimeField(
        label="Time", widget=forms.TimeInput(attrs={"type": "time", "step": "1"}, format="%H:%M:%S")
    )
