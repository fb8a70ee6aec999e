"""What the editor of the template library sends."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from django import forms

from accounts.models import User
from clinical.notes.cosigning import SupervisionError
from clinical.notes.models import NoteTemplate, Supervision
from clinical.notes.sections import HEADING_LENGTH, Kind, Section, clean_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.http import QueryDict

BIG = 2**31 - 1
PARTS = (
    "key", "section_kind", "heading", "hint", "needed", "lines", "low", "high", "low_label",
    "high_label", "unit",
)  # fmt: skip
"""The fields of one section; each comes as a list with one entry a section."""


class TemplateForm(forms.Form):
    """A template of the library: its own fields, and the sections in their order."""

    seen = forms.IntegerField(required=False, min_value=0, max_value=BIG, widget=forms.HiddenInput)
    name = forms.CharField(max_length=HEADING_LENGTH)
    purpose = forms.CharField(
        required=False,
        max_length=HEADING_LENGTH,
        help_text="A line below the name, where a new note is begun.",
    )
    is_active = forms.BooleanField(required=False, initial=True, label="Offered for new notes")

    def sections(self) -> list[Section]:
        """Answer the sections as they came, good or not."""
        data: Any = self.data
        columns = [data.getlist(part) for part in PARTS]
        return [
            _section(dict(zip(PARTS, values, strict=True)))
            for values in zip_longest(*columns, fillvalue="")
        ]


def _section(came: dict[str, str]) -> Section:
    kinds = {kind.value for kind in Kind}
    line = {name: " ".join(clean_text(text).split()) for name, text in came.items()}
    lines = (" ".join(one.split()) for one in clean_text(came["lines"]).split("\n"))
    kind = Kind(line["section_kind"] if line["section_kind"] in kinds else "text")
    is_scale = kind is Kind.SCALE
    return Section(
        key=line["key"],
        kind=kind,
        heading=line["heading"],
        hint=line["hint"],
        is_required=line["needed"] == "yes",
        lines=tuple(one for one in lines if one)
        if kind in {Kind.CHOICE, Kind.CHECKLIST, Kind.TABLE}
        else (),
        low=_whole(line["low"], 0) if is_scale else 0,
        high=_whole(line["high"], 10) if is_scale else 10,
        low_label=line["low_label"] if is_scale else "",
        high_label=line["high_label"] if is_scale else "",
        unit=line["unit"] if kind is Kind.NUMBER else "",
    )


def _whole(text: str, otherwise: int) -> int:
    return int(text) if re.fullmatch(r"-?\d{1,6}", text) else otherwise


class DefaultForm(forms.Form):
    """What notes after one type of visit begin with."""

    template = forms.ModelChoiceField(
        NoteTemplate.objects.none(), required=False, empty_label="Ask each time"
    )

    def __init__(self, data: QueryDict | None, *, prefix: str, initial: UUID | None) -> None:
        super().__init__(data, prefix=prefix, initial={"template": initial})
        self.fields["template"].widget.attrs["class"] = "form-select"
        field = self.fields["template"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = NoteTemplate.objects.filter(is_active=True)


class SupervisionForm(forms.Form):
    """Whether somebody's notes are co-signed."""

    reason = forms.ChoiceField(
        required=False, choices=[("", "Signs alone"), *Supervision.Reason.choices]
    )
    supervisor = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Anybody who signs alone"
    )

    def __init__(
        self,
        data: QueryDict | None,
        *,
        person: User,
        supervision: Supervision | None,
        supervisors: Sequence[User],
    ) -> None:
        initial = {
            "reason": supervision.reason if supervision else "",
            "supervisor": supervision.supervisor_id if supervision else None,
        }
        super().__init__(data, prefix=str(person.pk), initial=initial)
        self.person = person
        field = self.fields["supervisor"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        others = [other.pk for other in supervisors if other.pk != person.pk]
        field.queryset = User.objects.filter(pk__in=others).order_by("name")
        field.choices = [
            ("", field.empty_label),
            *((other.pk, other.name) for other in supervisors if other.pk != person.pk),
        ]
        for name, label in (("reason", "How"), ("supervisor", "Supervisor")):
            attributes = {"aria-label": f"{label}: {person.name}", "class": "form-select"}
            self.fields[name].widget.attrs.update(attributes)

    def chosen(self) -> dict[str, Any]:
        """Answer what was chosen; raises SupervisionError for what is not in the lists."""
        if not self.is_valid():
            raise SupervisionError(f"{self.person.name}: choose from the lists.")
        return dict(self.cleaned_data)
