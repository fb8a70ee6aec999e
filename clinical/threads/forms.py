"""Forms of the team's messages; saving is the services'."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from accounts.models import User
from clinical.threads.models import Thread
from clinical.threads.rules import who_may_take_part
from clinical.threads.selectors import Show
from clinical.threads.services import LONGEST_BODY, LONGEST_SUBJECT, TaskTerms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.files.uploadedfile import UploadedFile

WITHIN_REACH = (MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2200, 12, 31)))
LONGEST_SEARCH, MOST_PAGES = 100, 500


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, none too."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        given = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(FilesField, self).clean(one, initial) for one in given]


class PostForm(forms.Form):
    body = forms.CharField(
        label="Message",
        max_length=LONGEST_BODY,
        widget=forms.Textarea(attrs={"rows": 4, "data-mentions": ""}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["files"] = FilesField(label="Files", required=False)

    @property
    def given_files(self) -> Sequence[UploadedFile[Any]]:
        files: Sequence[UploadedFile[Any]] = self.cleaned_data["files"]
        return files


class TaskForm(forms.Form):
    assignee = forms.ModelChoiceField(
        User.objects.none(), required=False, label="Who does it", empty_label="Nobody yet"
    )
    due_on = forms.DateField(
        label="Due",
        required=False,
        validators=WITHIN_REACH,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    priority = forms.TypedChoiceField(
        choices=Thread.Priority.choices, coerce=int, initial=Thread.Priority.NORMAL, required=False,
        empty_value=None,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "assignee")

    def terms(self) -> TaskTerms:
        said = self.cleaned_data
        return TaskTerms(
            said["assignee"], said["due_on"], said["priority"] or Thread.Priority.NORMAL
        )


class PeopleForm(forms.Form):
    people = forms.ModelMultipleChoiceField(
        User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "people")


class ThreadForm(PostForm, TaskForm, PeopleForm):
    """A new thread: about whom, for whom, what."""

    patient = forms.UUIDField(required=False, widget=forms.HiddenInput)
    subject = forms.CharField(max_length=LONGEST_SUBJECT)
    for_team = forms.BooleanField(required=False, label="The whole team")
    is_task = forms.BooleanField(required=False, label="This is something to do")


class InboxForm(forms.Form):
    """What the inbox shows; what makes no sense falls back to everything."""

    show = forms.ChoiceField(required=False, choices=[(one.value, one.label) for one in Show])
    words = forms.CharField(required=False, max_length=LONGEST_SEARCH)
    page = forms.IntegerField(required=False, min_value=1, max_value=MOST_PAGES)

    def asked(self) -> tuple[Show, str, int]:
        self.is_valid()
        said = self.cleaned_data
        return Show(said.get("show") or Show.ALL), said.get("words", ""), said.get("page") or 1


def _offer(form: forms.Form, name: str) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
    field.queryset = who_may_take_part()
