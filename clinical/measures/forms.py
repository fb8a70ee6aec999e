"""What the pages about measures take in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms

from clinical.measures.models import MeasureSettings
from clinical.measures.scoring import AnswerError, read_answer
from clinical.measures.services import NOTE_LENGTH, REASON_LENGTH, Entry

WEEKS = (1, 2, 3, 4, 6, 8, 12, 26)
"""How often a questionnaire can be asked again."""

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clinical.measures.instruments import Instrument, Item


class EntryForm(forms.Form):
    """What stands around the questions; the answers are read by the instrument (`read_answers`)."""

    revision = forms.IntegerField(min_value=0)
    taken_on = forms.DateField(required=False)
    note = forms.CharField(required=False, max_length=NOTE_LENGTH)
    reason = forms.CharField(required=False, max_length=REASON_LENGTH)

    def entry(self, answers: dict[str, Any]) -> Entry:
        clean = self.cleaned_data
        return Entry(answers, clean.get("taken_on"), clean.get("note", ""))


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=REASON_LENGTH)


class LinkForm(forms.Form):
    """Which measure goes to the patient, and how."""

    measure = forms.SlugField()
    way = forms.ChoiceField(choices=[("copy", "Copy"), ("email", "E-mail")])
    email = forms.CharField(required=False, max_length=254)


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = MeasureSettings
        fields = ("crisis_text", "link_days")
        labels = {
            "crisis_text": "Where to find help in a crisis",
            "link_days": "Days a link works",
        }
        help_texts = {
            "crisis_text": (
                "Shown to patients who answer a questionnaire about mood. "
                "Empty: the lines of your country."
            ),
            "link_days": "From 1 to 60.",
        }
        widgets = {"crisis_text": forms.Textarea(attrs={"rows": 6})}


@dataclass(frozen=True)
class Field:
    """One question as the page shows it."""

    item: Item
    number: int
    value: str
    words: str
    error: str

    @property
    def steps(self) -> list[tuple[str, str]]:
        """The answers to choose from: value and label."""
        if self.item.options:
            return [(str(one.points), one.label) for one in self.item.options]
        return [(str(n), "") for n in range(int(self.item.minimum), int(self.item.maximum) + 1)]

    @property
    def said(self) -> str:
        """The answer in words."""
        if not self.value:
            return ""
        if self.item.options:
            return self.item.label_of.get(int(self.value), self.value)
        return f"{self.value} {self.item.unit}".strip()


class RepeatForm(forms.Form):
    """What to ask again and again; `every` is a number of weeks, or `visit`."""

    measure = forms.SlugField()
    every = forms.ChoiceField(
        choices=[("visit", "visit"), *((str(weeks), str(weeks)) for weeks in WEEKS)]
    )
    until = forms.DateField()

    def terms(self) -> dict[str, Any]:
        every = self.cleaned_data["every"]
        is_visit = every == "visit"
        return {
            "code": self.cleaned_data["measure"],
            "rhythm": "visit" if is_visit else "weeks",
            "weeks": None if is_visit else int(every),
            "until": self.cleaned_data["until"],
        }


@dataclass(frozen=True)
class FieldSection:
    title: str
    fields: tuple[Field, ...]

    @property
    def is_answered(self) -> bool:
        """There is something to show: an answer, or a gap that counts."""
        return any(one.value or one.words or not one.item.optional for one in self.fields)


def read_answers(
    instrument: Instrument, posted: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Answer what was answered, and for each item that was not understood, why."""
    answers: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for item in instrument.items:
        try:
            answer = read_answer(
                item, posted.get(f"a-{item.key}", ""), posted.get(f"w-{item.key}", "")
            )
        except AnswerError as error:
            errors[item.key] = str(error)
            continue
        if answer is not None:
            answers[item.key] = answer
    return answers, errors


def sections_of(
    instrument: Instrument,
    answers: Mapping[str, Any],
    *,
    errors: Mapping[str, str] | None = None,
    posted: Mapping[str, str] | None = None,
) -> list[FieldSection]:
    """Lay the questions out with what was answered; what was not understood stands as it was typed."""
    errors, number = errors or {}, 0
    sections = []
    for section in instrument.sections:
        fields = []
        for item in section.items:
            number += 1
            value, words = written(answers.get(item.key))
            if item.key in errors and posted is not None:
                value = posted.get(f"a-{item.key}", "")
            fields.append(Field(item, number, value, words, errors.get(item.key, "")))
        sections.append(FieldSection(section.title, tuple(fields)))
    return sections


def written(answer: Any) -> tuple[str, str]:
    """Answer an answer as a form shows it: its value, and the person's own words."""
    if isinstance(answer, dict):
        points = answer.get("points")
        return ("" if points is None else str(points)), str(answer.get("words", ""))
    return ("" if answer is None else str(answer)), ""
