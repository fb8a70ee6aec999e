"""What was added and what was taken away between two texts, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

MOST_WORDS = 6000
"""Above it, comparing takes too long for a page: whole lines are compared then."""


@dataclass(frozen=True)
class Piece:
    """A stretch of text: `kept`, `added` or `removed`."""

    change: str
    text: str


def differences(before: str, after: str) -> list[Piece]:
    """Answer both texts as one sequence of pieces."""
    pattern = r"\s+|\w+|[^\w\s]"
    if len(before.split()) + len(after.split()) > MOST_WORDS:
        pattern = r"[^\n]*\n|[^\n]+"
    old, new = re.findall(pattern, before), re.findall(pattern, after)
    pieces = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for change, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if change == "equal":
            pieces.append(Piece("kept", "".join(old[old_start:old_end])))
            continue
        if old_end > old_start:
            pieces.append(Piece("removed", "".join(old[old_start:old_end])))
        if new_end > new_start:
            pieces.append(Piece("added", "".join(new[new_start:new_end])))
    return pieces
