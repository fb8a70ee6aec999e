"""The kinds of sections a note is made of: what each asks, what it keeps, how it reads as text.

A note keeps every answer twice: as a value (`value`), which is shown and carried forward, and as
the words it makes (`text`), which are searched, compared and printed where nothing better fits.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format

from clinical.notes import body_chart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MOST_SECTIONS = 40
HEADING_LENGTH = 200
TEXT_LENGTH = 100_000
LINE_LENGTH = 1000
MOST_LINES = 60
MOST_ROWS = 200
MOST_STEPS = 11
"""A scale of so many steps or fewer is a row of buttons, a longer one a number to type."""
LOWEST, HIGHEST = -10_000, 10_000


class Kind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    CHECKLIST = "checklist"
    SCALE = "scale"
    NUMBER = "number"
    DATE = "date"
    TABLE = "table"
    BODY = "body"


KINDS = {
    Kind.TEXT: "Text",
    Kind.CHOICE: "One of a list",
    Kind.CHECKLIST: "Several of a list",
    Kind.SCALE: "Scale",
    Kind.NUMBER: "Number with a unit",
    Kind.DATE: "Date",
    Kind.TABLE: "Table",
    Kind.BODY: "Body chart",
}
"""Kind → what the template editor calls it."""
WITH_LINES = frozenset({Kind.CHOICE, Kind.CHECKLIST, Kind.TABLE})


class SectionError(ValueError):
    """An answer does not fit its section; the message is for a person."""


@dataclass(frozen=True)
class Section:
    """One section of a template. `key` stays the same through the versions of the template.

    `lines` are the choices of a list or the columns of a table.
    """

    key: str
    kind: Kind
    heading: str
    hint: str = ""
    is_required: bool = False
    lines: tuple[str, ...] = ()
    low: int = 0
    high: int = 10
    low_label: str = ""
    high_label: str = ""
    unit: str = ""

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Section:
        """Read what a template's version keeps."""
        fields = {**stored, "kind": Kind(stored["kind"]), "lines": tuple(stored.get("lines", ()))}
        return cls(**fields)

    def stored(self) -> dict[str, Any]:
        """Answer what a template's version keeps: what differs from nothing."""
        kept = {name: value for name, value in asdict(self).items() if value not in ("", (), False)}
        return {**kept, "kind": self.kind.value, "lines": list(self.lines)}

    @property
    def name(self) -> str:
        """The field of the form."""
        return f"s-{self.key}"

    @property
    def steps(self) -> range | None:
        """The steps of a scale that is short enough for buttons."""
        steps = range(self.low, self.high + 1)
        return steps if len(steps) <= MOST_STEPS else None


def read_sections(stored: Sequence[Mapping[str, Any]]) -> tuple[Section, ...]:
    return tuple(Section.read(section) for section in stored)


def answered(section: Section, raw: Any) -> dict[str, Any]:
    """Answer what a note keeps of an answer as it came; raises SectionError naming the section."""
    value = _CLEANERS[section.kind](section, raw)
    kept = {"key": section.key, "kind": section.kind.value, "heading": section.heading}
    if section.kind is Kind.TEXT:
        return {**kept, "text": value}
    return {**kept, "text": _worded(section, value), "value": value}


def empty_answer(section: Section) -> dict[str, Any]:
    return answered(section, [] if section.kind in _MANY else "")


def clean_text(text: str) -> str:
    """Take out what a form sends and PostgreSQL cannot hold."""
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


# ── answers as they come → as they are kept ──────────────────────────────────────────────────────


def _line(section: Section, raw: Any) -> str:
    text = " ".join(clean_text("" if raw is None else str(raw)).split())
    if len(text) > LINE_LENGTH:
        raise SectionError(f"{section.heading}: {LINE_LENGTH:,} letters are the most.")
    return text


def _text(section: Section, raw: Any) -> str:
    text = clean_text(str(raw or "")).rstrip()
    if len(text) > TEXT_LENGTH:
        name = section.heading[:60] or "The note"
        raise SectionError(
            f"{name} is too long to be saved: {TEXT_LENGTH:,} letters are the most. "
            "Move a part of it to another section or note."
        )
    return text


def _choice(section: Section, raw: Any) -> str:
    text = _line(section, raw)
    if text and text not in section.lines:
        raise SectionError(f"{section.heading}: choose one of the list.")
    return text


def _checklist(section: Section, raw: Any) -> list[str]:
    ticked = {_line(section, one) for one in raw or ()}
    if ticked - {*section.lines, ""}:
        raise SectionError(f"{section.heading}: choose from the list.")
    return [line for line in section.lines if line in ticked]


def _scale(section: Section, raw: Any) -> int | None:
    text = _line(section, raw)
    if not text:
        return None
    if not re.fullmatch(r"-?\d{1,5}", text) or not section.low <= int(text) <= section.high:
        raise SectionError(f"{section.heading}: from {section.low} to {section.high}.")
    return int(text)


def _number(section: Section, raw: Any) -> str:
    text = _line(section, raw).replace(",", ".")
    if not text:
        return ""
    if not re.fullmatch(r"[+-]?\d{1,9}(\.\d{1,6})?", text):
        raise SectionError(f"{section.heading}: write a number, such as 42.5.")
    return text.removeprefix("+")


def _date(section: Section, raw: Any) -> str:
    text = _line(section, raw)
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise SectionError(f"{section.heading}: write a date that there is.") from None


def _table(section: Section, raw: Any) -> list[list[str]]:
    width = len(section.lines)
    rows = [[_line(section, cell) for cell in row][:width] for row in raw or ()]
    rows = [row + [""] * (width - len(row)) for row in rows if any(row)]
    if len(rows) > MOST_ROWS:
        raise SectionError(f"{section.heading}: {MOST_ROWS} rows are the most.")
    return rows


def _body(section: Section, raw: Any) -> list[dict[str, Any]]:
    try:
        return body_chart.clean_marks(raw)
    except body_chart.ChartError as error:
        raise SectionError(f"{section.heading}: {error}") from error


_CLEANERS = {
    Kind.TEXT: _text,
    Kind.CHOICE: _choice,
    Kind.CHECKLIST: _checklist,
    Kind.SCALE: _scale,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.TABLE: _table,
    Kind.BODY: _body,
}
_MANY = frozenset({Kind.CHECKLIST, Kind.TABLE, Kind.BODY})


# ── values → words ───────────────────────────────────────────────────────────────────────────────


def _worded(section: Section, value: Any) -> str:
    """Write a value as the text of the note has it; "" where there is none."""
    return "" if value in (None, "", []) else _WORDERS[section.kind](section, value)


def _word_scale(section: Section, value: int) -> str:
    ends = {section.low: section.low_label, section.high: section.high_label}
    said = f" ({ends[value]})" if ends.get(value) else ""
    return f"{value} of {section.high}{said}"


def _word_table(section: Section, value: list[list[str]]) -> str:
    return "\n".join(_worded_row(section.lines, row) for row in value)


def _word_body(_section: Section, value: list[dict[str, Any]]) -> str:
    numbered = enumerate(value, 1)
    return "\n".join(f"{number}. {body_chart.words_for(mark)}" for number, mark in numbered)


def _worded_row(columns: Sequence[str], row: Sequence[str]) -> str:
    cells = zip(columns, row, strict=False)
    return "; ".join(f"{column}: {cell}" for column, cell in cells if cell)


_WORDERS: Mapping[Kind, Callable[[Section, Any], str]] = {
    Kind.CHOICE: lambda _section, value: str(value),
    Kind.CHECKLIST: lambda _section, value: "\n".join(f"- {line}" for line in value),
    Kind.SCALE: _word_scale,
    Kind.NUMBER: lambda section, value: f"{value} {section.unit}".strip(),
    Kind.DATE: lambda _section, value: date_format(date.fromisoformat(value), "j F Y"),
    Kind.TABLE: _word_table,
    Kind.BODY: _word_body,
}


# ── a section as the template editor sends it ────────────────────────────────────────────────────


class TemplateSectionError(ValueError):
    """A section of a template cannot be kept like this; the message is for a person."""


def checked(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Answer the sections as a template keeps them; raises TemplateSectionError naming one."""
    if not sections:
        raise TemplateSectionError("A template needs at least one section.")
    if len(sections) > MOST_SECTIONS:
        raise TemplateSectionError(f"A template has at most {MOST_SECTIONS} sections.")
    keys = [section.key for section in sections]
    if len(set(keys)) < len(keys) or not all(re.fullmatch(r"[a-z0-9]{1,12}", key) for key in keys):
        raise TemplateSectionError("Two sections have become one. Open the template again.")
    for number, section in enumerate(sections, 1):
        _check(section, number)
    return tuple(sections)


def _check(section: Section, number: int) -> None:
    name = section.heading or f"Section {number}"
    if not section.heading and section.kind is not Kind.TEXT:
        raise TemplateSectionError(f"Section {number} needs a heading.")
    if max(map(len, (section.heading, section.hint, section.unit)), default=0) > HEADING_LENGTH:
        raise TemplateSectionError(
            f"{name[:60]}: {HEADING_LENGTH} letters are the most for a line."
        )
    if section.kind in WITH_LINES:
        what = "columns" if section.kind is Kind.TABLE else "choices"
        if not section.lines:
            raise TemplateSectionError(f"{name}: write the {what}, one in each line.")
        if len(section.lines) > MOST_LINES or len(set(section.lines)) < len(section.lines):
            raise TemplateSectionError(
                f"{name}: at most {MOST_LINES} {what}, each different from the others."
            )
        if max(map(len, section.lines)) > HEADING_LENGTH:
            raise TemplateSectionError(f"{name}: one of the {what} is too long.")
    in_range = LOWEST <= section.low < section.high <= HIGHEST
    if section.kind is Kind.SCALE and not in_range:
        raise TemplateSectionError(f"{name}: the scale must end above where it begins.")
