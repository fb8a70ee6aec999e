"""What the clinic decided for a word or number that stands for a clinic, clinician, type or payer.

Kept in the mapping by scope and key. A scope is the entity (`location`) for words, and entity and key
field (`location@131:1`) for numbers that no record of the other table has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

Verdict = Literal["match", "create", "empty", "quarantine"]
VERDICTS: tuple[str, ...] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one word.

    `match` to the row called `name` (its `id` goes first where it is still there), `create` one
    called `name`, leave the reference `empty`, or set records with it aside (`quarantine`).
    """

    verdict: str
    name: str = ""
    id: str = ""
    text: str = ""
    """The word as it stands in the file, for people."""

    def as_json(self) -> dict[str, str]:
        kept = {"do": self.verdict, "name": self.name, "id": self.id, "text": self.text}
        return {key: value for key, value in kept.items() if value}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Decision:
        """Raise ValueError for a verdict that is none."""
        verdict = str(kept.get("do", ""))
        if verdict not in VERDICTS:
            raise ValueError(f"{verdict!r} is no decision")
        made = cls(verdict, *(str(kept.get(key, "")) for key in ("name", "id", "text")))
        if verdict == "match" and not (made.name or made.id):
            raise ValueError("a match says with what")
        return made


Decisions = dict[str, dict[str, Decision]]


def scope_of_key(entity: str, table_id: int, field_id: int) -> str:
    return f"{entity}@{table_id}:{field_id}"
