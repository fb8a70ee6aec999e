"""The ways in which a field's text may be taken: what the mapping offers and what it accepts.

Each kind of target has a first choice, `""`, and others by name; `loading/readers.py` does what they say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onboarding.filemaker.sources import Field
    from onboarding.imports.targets import Target

Choice = tuple[str, str]

_DATES: tuple[Choice, ...] = (
    ("", "as the file writes dates"),
    ("DMY", "day month year"),
    ("MDY", "month day year"),
    ("YMD", "year month day"),
)
_NUMBERS: tuple[Choice, ...] = (
    ("", "a number, nothing else in it"),
    ("digits", "its digits, wherever they stand (as FileMaker does)"),
    ("text", "not at all: kept as text with the record"),
)
WAYS: Mapping[str, tuple[Choice, ...]] = {
    "text": (
        ("", "as it stands"),
        ("first_line", "first line only"),
        ("list", "a list: its lines joined by commas"),
    ),
    "lines": (("", "as it stands"), ("first_line", "first line only"),
              ("list", "a list: its lines joined by commas")),
    "person": (("", "Given Surname, or Surname, Given"), ("family_first", "Surname Given")),
    "phone": (("", "every number found"), ("first", "the first number found"),
              ("as_typed", "one number, as typed")),
    "email": (("", "every address found"), ("first", "the first address found")),
    "reference": (("", "by number, then by name"), ("name", "by name only")),
    "birth": _DATES,
    "date": _DATES,
    "day": _DATES,
    "timestamp": _DATES,
    "number": _NUMBERS,
    "integer": _NUMBERS,
    "money": _NUMBERS,
}  # fmt: skip
BLOCK: Choice = ("block", "a whole address: split into street, suburb, state, postcode")
FIRST: Choice = ("first_only", "first repetition only")
ROWS: Choice = ("rows", "each repetition a row of its own")
ORDERS = frozenset({"DMY", "MDY", "YMD"})
DATED = frozenset({"birth", "date", "day", "timestamp"})
FLAGS = frozenset({"active", "archived", "flag"})
CLOSED = frozenset({"status", "sex"})
"""Kinds with a fixed set of meanings: a word the readers do not know can be given one."""
GLUES: tuple[Choice, ...] = (
    (" ", "a blank"),
    (", ", "a comma"),
    ("\n", "a new line"),
    (" – ", "a dash"),
    ("", "nothing"),
)


def is_address_line(target: Target) -> bool:
    return target.kind == "lines" and target.name.endswith("_lines")


def ways_of(target: Target, field: Field | None = None) -> tuple[Choice, ...]:
    """Answer the ways to read a field for this target; repetitions only where the field has them."""
    ways = WAYS.get(target.kind, ())
    if is_address_line(target):
        ways = (*ways, BLOCK)
    if field is None or field.repetitions > 1:
        ways = (*(ways or (("", "all repetitions"),)), FIRST, ROWS)
    return ways


@dataclass(frozen=True, slots=True)
class Manner:
    """How a field is taken, beyond its way.

    `glue`: joined to the other fields of the same target, with this before it; None: on its own.
    `order`: its place among the joined. `pivot`: two-digit years up to it are of this century.
    `words`: folded text of a cell → the text to read instead; `""` stands for an empty cell.
    """

    glue: str | None = None
    order: int = 0
    pivot: int | None = None
    words: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        if self.glue is not None:
            kept["glue"] = self.glue
        if self.order:
            kept["order"] = self.order
        if self.pivot is not None:
            kept["pivot"] = self.pivot
        if self.words:
            kept["words"] = dict(self.words)
        return kept

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Manner:
        """Raise ValueError for what no manner says."""
        unknown = kept.keys() - {"glue", "order", "pivot", "words"}
        if unknown:
            raise ValueError(f"unknown: {sorted(unknown)}")
        pivot = kept.get("pivot")
        if pivot is not None and not 0 <= int(pivot) <= 99:  # noqa: PLR2004 - two digits
            raise ValueError("the pivot is a year of two digits, 0 to 99")
        glue = kept.get("glue")
        if glue is not None and glue not in dict(GLUES):
            raise ValueError(f"fields cannot be joined by {glue!r}")
        words = {str(word): str(text) for word, text in kept.get("words", {}).items()}
        return cls(
            glue,
            int(kept.get("order", 0)),
            None if pivot is None else int(pivot),
            tuple(sorted(words.items())),
        )


PLAIN = Manner()
