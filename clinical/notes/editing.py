"""A note's sections as its pages show them: to fill in, or to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clinical.notes import body_chart
from clinical.notes.sections import Kind, Section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EMPTY_ROWS = 2


@dataclass(frozen=True)
class Field:
    """One section of the editor with what it holds."""

    section: Section
    value: Any = ""
    rows: list[list[str]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.section.kind.value

    @property
    def is_buttons(self) -> bool:
        return self.section.steps is not None

    @property
    def chart(self) -> dict[str, Any]:
        return chart_of(self.value)


@dataclass(frozen=True)
class Shown:
    """One section of a note to read."""

    heading: str
    text: str
    kind: str = Kind.TEXT.value
    value: Any = None
    columns: tuple[str, ...] = ()

    @property
    def chart(self) -> dict[str, Any]:
        return chart_of(self.value)


def chart_of(marks: list[dict[str, Any]]) -> dict[str, Any]:
    """Answer what the two views of a body chart are drawn from."""
    return {
        "views": [
            {"view": view, "label": label, "marks": body_chart.drawn(marks, view)}
            for view, label in body_chart.VIEWS.items()
        ],
        "marks": [
            {"colour": body_chart.SIGNS[mark["sign"]][1], "words": body_chart.words_for(mark)}
            for mark in marks
        ],
    }


def fields_for(asked: Sequence[Section], kept: Sequence[Mapping[str, Any]]) -> list[Field]:
    """Answer the editor's fields with what the note holds."""
    by_key = {section.get("key", ""): section for section in kept}
    return [_field(section, by_key.get(section.key, {})) for section in asked]


def fields_typed(asked: Sequence[Section], answers: Mapping[str, Any]) -> list[Field]:
    """Answer the editor's fields with what was typed, whether or not it can be kept."""
    fields = []
    for section in asked:
        raw = answers.get(section.key)
        if section.kind is Kind.BODY:
            try:
                raw = body_chart.clean_marks(raw or "")
            except body_chart.ChartError:
                raw = []
        fields.append(_field(section, {"value": raw, "text": raw}))
    return fields


def _field(section: Section, kept: Mapping[str, Any]) -> Field:
    value = kept.get("text" if section.kind is Kind.TEXT else "value")
    if section.kind is Kind.TABLE:
        width = len(section.lines)
        rows = [(list(row) + [""] * width)[:width] for row in value or ()]
        return Field(section, value or [], rows + [[""] * width for _ in range(EMPTY_ROWS)])
    if section.kind in {Kind.CHECKLIST, Kind.BODY}:
        return Field(section, value or [])
    return Field(section, "" if value is None else value)


def shown_sections(kept: Sequence[Mapping[str, Any]], asked: Sequence[Section] = ()) -> list[Shown]:
    """Answer the sections that say something."""
    columns = {section.key: section.lines for section in asked}
    return [
        Shown(
            heading=section["heading"],
            text=section["text"],
            kind=section.get("kind", Kind.TEXT.value),
            value=section.get("value"),
            columns=columns.get(section.get("key", ""), ()),
        )
        for section in kept
        if section["text"].strip()
    ]
