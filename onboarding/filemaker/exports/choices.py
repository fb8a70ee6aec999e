"""What a person has confirmed about how a text file is written; empty where the guess stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from onboarding.filemaker.exports.encoding import LABELS
from onboarding.filemaker.exports.errors import BadChoiceError

DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Vertical bar"}
NO_KEY = 0


@dataclass(frozen=True, slots=True)
class Choices:
    """`key_column` counts from 1; 0 means that no column numbers the rows, None that one is sought."""

    encoding: str = ""
    delimiter: str = ""
    header: bool | None = None
    key_column: int | None = None

    def __post_init__(self) -> None:
        if self.encoding and self.encoding not in LABELS:
            raise BadChoiceError(f"“{self.encoding[:30]}” is not an encoding that can be chosen.")
        if self.delimiter and self.delimiter not in DELIMITERS:
            raise BadChoiceError("This separator of columns cannot be chosen.")
        if self.key_column is not None and not 0 <= self.key_column <= 2000:  # noqa: PLR2004 - MAX_COLUMNS
            raise BadChoiceError("There is no such column.")

    @property
    def key(self) -> int | None:
        """As a `RowTable` wants it: from 0, -1 for none, None to seek one."""
        return None if self.key_column is None else self.key_column - 1

    def as_json(self) -> dict[str, Any]:
        return {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "header": self.header,
            "key_column": self.key_column,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(
            encoding=kept.get("encoding", ""),
            delimiter=kept.get("delimiter", ""),
            header=kept.get("header"),
            key_column=kept.get("key_column"),
        )
