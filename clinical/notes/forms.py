"""What the editor of a note sends."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from django import forms

from clinical.notes.sections import LINE_LENGTH, MOST_ROWS, Kind
from clinical.notes.services import REASON_LENGTH, NoteError, NoteText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict

    from clinical.notes.sections import Section

BIG = 2**31 - 1
OPTIONAL = frozenset({Kind.CHOICE, Kind.CHECKLIST, Kind.SCALE, Kind.TABLE})
"""Kinds of which a form sends nothing where nothing is chosen, or no row is left."""


class IncompleteFormError(NoteError):
    """A field of the editor did not arrive."""


class EditorForm(forms.Form):
    """The fields with one value, and the sections.

    Those of a template (`asked`) come as `s-key`, a table's cells as `s-key-column`; without one,
    headings and texts come as two lists of equal length.
    """

    revision = forms.IntegerField(min_value=0, max_value=BIG)
    title = forms.CharField(required=False, max_length=200)
    reason = forms.CharField(required=False, max_length=REASON_LENGTH)

    def __init__(self, data: QueryDict, asked: Sequence[Section] = ()) -> None:
        super().__init__(data)
        self._asked = asked
        self._pairs = tuple(zip(data.getlist("heading"), data.getlist("text"), strict=False))

    def check(self) -> None:
        """Raise IncompleteFormError where a field is missing."""
        needed = (one.name for one in self._asked if one.kind not in OPTIONAL)
        if not self.is_valid() or any(name not in self.data for name in needed):
            raise IncompleteFormError(
                "The form came incomplete. What you typed is still here; try again."
            )

    def written(self) -> NoteText:
        title = self.cleaned_data.get("title", "")
        return NoteText(title=title, sections=self._pairs, answers=self.answers())

    def answers(self) -> dict[str, Any]:
        """Answer what came for each section of the template, by key."""
        return {section.key: self._answer(section) for section in self._asked}

    def sections(self) -> list[dict[str, str]]:
        """Answer what was typed, to show it again."""
        return [{"heading": heading, "text": text} for heading, text in self._pairs]

    def _answer(self, section: Section) -> Any:
        data: Any = self.data
        if section.kind is Kind.CHECKLIST:
            return data.getlist(section.name)
        if section.kind is Kind.TABLE:
            columns = (data.getlist(f"{section.name}-{at}") for at in range(len(section.lines)))
            rows = zip_longest(*columns, fillvalue="")
            return [list(row) for _, row in zip(range(MOST_ROWS * 2), rows, strict=False)]
        return data.get(section.name, "")


class ReviewForm(forms.Form):
    """What a supervisor sends."""

    version = forms.IntegerField(min_value=1, max_value=BIG)
    comment = forms.CharField(required=False, max_length=4 * LINE_LENGTH)
