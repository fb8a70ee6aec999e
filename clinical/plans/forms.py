"""What the pages about plans send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone

from clinical.patients.forms import WrittenDateField
from clinical.plans.measuring import measure_names
from clinical.plans.models import GoalProgress, PlanGoal
from clinical.plans.services import MOST_GOALS, GoalValue
from clinical.practice.models import Practitioner
from clinical.practice.selectors import practitioners_in_use

if TYPE_CHECKING:
    from clinical.plans.models import Plan, PlanTemplate

LINE = 200
TEXT = 10_000


def _text(*, rows: int = 4, required: bool = False, **more: Any) -> forms.CharField:
    return forms.CharField(
        required=required, max_length=TEXT, widget=forms.Textarea(attrs={"rows": rows}), **more
    )


def _measures() -> list[tuple[str, str]]:
    return [("", "No measure"), *measure_names().items()]


class PlanForm(forms.Form):
    """The plan's own row."""

    title = forms.CharField(max_length=LINE)
    practitioner = forms.ModelChoiceField(
        Practitioner.objects.none(),
        required=False,
        empty_label="The whole team",
        label="Clinician",
        help_text="Whose visits are counted.",
    )
    interventions = _text(rows=5, label="What is done")
    frequency = forms.CharField(required=False, max_length=LINE, label="How often")
    expected_visits = forms.IntegerField(
        required=False, min_value=0, max_value=999, label="Visits expected"
    )
    starts_on = WrittenDateField(label="Starts")
    ends_on = WrittenDateField(required=False, label="Ends")
    review_on = WrittenDateField(required=False, label="Review due")
    review_weeks = forms.IntegerField(
        min_value=1, max_value=104, label="Weeks between reviews", initial=6
    )
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, plan: Plan) -> None:
        initial = {name: getattr(plan, name) for name in self.base_fields}
        super().__init__(data, initial={**initial, "practitioner": plan.practitioner_id})
        field = self.fields["practitioner"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = practitioners_in_use(also=plan.practitioner_id)

    def values(self) -> dict[str, Any]:
        return {n: v for n, v in self.cleaned_data.items() if n != "revision"}


class GoalForm(forms.Form):
    """One goal of a plan."""

    id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    text = _text(rows=2, label="Goal")
    baseline = forms.CharField(required=False, max_length=LINE, label="Now")
    target = forms.CharField(required=False, max_length=LINE)
    measure_code = forms.ChoiceField(required=False, choices=_measures, label="Measure")
    due_on = WrittenDateField(required=False, label="By")
    remove = forms.BooleanField(required=False, label="Delete")


if TYPE_CHECKING:
    _Rows = forms.BaseFormSet[GoalForm]
else:
    _Rows = forms.BaseFormSet


class _GoalRows(_Rows):
    def clean(self) -> None:
        for form in self.forms:
            values = getattr(form, "cleaned_data", {})
            said = any(values.get(n) for n in ("baseline", "target", "due_on", "measure_code"))
            if said and not values.get("text", "").strip() and not values.get("remove"):
                form.add_error("text", "Write what is to be reached.")

    def values(self) -> list[GoalValue]:
        return [
            GoalValue(
                text=row["text"],
                baseline=row["baseline"],
                target=row["target"],
                measure_code=row["measure_code"],
                due_on=row["due_on"],
                id=row["id"],
            )
            for form in self.forms
            if (row := form.cleaned_data) and not row["remove"] and row["text"].strip()
        ]


def goal_rows(data: Any = None, *, plan: Plan) -> Any:
    goals = list(plan.goals.order_by("position", "id"))
    rows = forms.formset_factory(
        GoalForm, formset=_GoalRows, extra=0 if goals else 1, max_num=MOST_GOALS,
        absolute_max=MOST_GOALS * 2,
    )  # fmt: skip
    names = ("id", "text", "baseline", "target", "measure_code", "due_on")
    return rows(data, initial=[{n: getattr(g, n) for n in names} for g in goals], prefix="goal")


class ProgressForm(forms.Form):
    """How far a goal has come."""

    scale = forms.ChoiceField(choices=GoalProgress.Scale.choices)
    percent = forms.IntegerField(required=False, min_value=0, max_value=100)
    attainment = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "–"), ("-2", "-2 much less than expected"), ("-1", "-1 less than expected"),
                 ("0", "0 as expected"), ("1", "+1 more than expected"),
                 ("2", "+2 much more than expected")],
    )  # fmt: skip
    noted_on = WrittenDateField(label="On")
    note = _text(rows=2)
    state = forms.ChoiceField(choices=PlanGoal.State.choices, label="The goal is")

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        name = "percent" if values.get("scale") == GoalProgress.Scale.PERCENT else "attainment"
        if values.get(name) is None and name not in self.errors:
            self.add_error(name, "Say how far it has come.")
        values["value"] = values.get(name)
        if (day := values.get("noted_on")) and day > timezone.localdate():
            self.add_error("noted_on", "This day has not come yet.")
        return values


class ReviewForm(forms.Form):
    held_on = WrittenDateField(label="Reviewed on")
    summary = _text(rows=4, required=True, label="What came of it")
    next_review_on = WrittenDateField(required=False, label="Next review")


class CloseForm(forms.Form):
    closed_on = WrittenDateField(label="Ended on")
    outcome = _text(rows=4, required=True, label="How it ended")


class TemplateForm(forms.Form):
    """A protocol of the library; its goals stand one a line."""

    name = forms.CharField(max_length=LINE)
    discipline = forms.CharField(required=False, max_length=LINE)
    interventions = _text(rows=5, label="What is done")
    frequency = forms.CharField(required=False, max_length=LINE, label="How often")
    expected_visits = forms.IntegerField(
        required=False, min_value=0, max_value=999, label="Visits expected"
    )
    weeks = forms.IntegerField(required=False, min_value=1, max_value=208, label="Lasts (weeks)")
    review_weeks = forms.IntegerField(
        min_value=1, max_value=104, label="Weeks between reviews", initial=6
    )
    is_active = forms.BooleanField(required=False, label="In use", initial=True)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def content(self) -> dict[str, Any]:
        names = ("name", "discipline", "interventions", "frequency", "expected_visits", "weeks",
                 "review_weeks")  # fmt: skip
        found = {n: self.cleaned_data[n] for n in names}
        return {n: v.replace("\r\n", "\n") if isinstance(v, str) else v for n, v in found.items()}


class TemplateGoalForm(forms.Form):
    text = _text(rows=2, label="Goal")
    target = forms.CharField(required=False, max_length=LINE)
    measure = forms.ChoiceField(required=False, choices=_measures)
    weeks = forms.IntegerField(
        required=False, min_value=1, max_value=208, label="After how many weeks"
    )
    remove = forms.BooleanField(required=False, label="Delete")


def template_goal_rows(
    data: Any = None, *, template: PlanTemplate | None, goals: Any = None
) -> Any:
    there = goals if goals is not None else (template.goals if template else [])
    rows = forms.formset_factory(
        TemplateGoalForm, extra=0 if there else 1, max_num=MOST_GOALS, absolute_max=MOST_GOALS * 2
    )
    return rows(data, initial=there, prefix="goal")


def template_goals(rows: Any) -> list[dict[str, Any]]:
    names = ("text", "target", "measure", "weeks")
    return [
        {name: row[name] for name in names}
        for form in rows.forms
        if (row := form.cleaned_data) and not row["remove"] and row["text"].strip()
    ]
