"""What the editor of a note sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms

from clinical.notes.services import REASON_LENGTH, NoteError, NoteText

if TYPE_CHECKING:
    from django.http import QueryDict

BIG = 2**31 - 1


class IncompleteFormError(NoteError):
    """A field of the editor did not arrive."""


class EditorForm(forms.Form):
    """The fields with one value; headings and texts come as two lists of equal length."""

    revision = forms.IntegerField(min_value=0, max_value=BIG)
    title = forms.CharField(required=False, max_length=200)
    reason = forms.CharField(required=False, max_length=REASON_LENGTH)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self._pairs = tuple(zip(data.getlist("heading"), data.getlist("text"), strict=False))

    def check(self) -> None:
        """Raise IncompleteFormError where a field is missing."""
        if not self.is_valid():
            raise IncompleteFormError(
                "The form came incomplete. What you typed is still here; try again."
            )

    def written(self) -> NoteText:
        return NoteText(title=self.cleaned_data.get("title", ""), sections=self._pairs)

    def sections(self) -> list[dict[str, str]]:
        """Answer what was typed, to show it again."""
        return [{"heading": heading, "text": text} for heading, text in self._pairs]
