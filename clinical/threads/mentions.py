"""`@Name` in a text: whom it means, and the text in pieces so that a page can mark it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import User

_BEFORE = r"(?<![\w@.])@"
_AFTER = r"(?!\w)"


@dataclass(frozen=True)
class Piece:
    text: str
    is_mention: bool = False


def mentioned(body: str, people: Iterable[User]) -> list[User]:
    """Answer the people named, each once; the longer of two names that fit is meant."""
    by_name: dict[str, list[User]] = {}
    for person in people:
        by_name.setdefault(person.name.casefold(), []).append(person)
    found: dict[User, None] = {}
    for piece in pieces(body, by_name):
        if piece.is_mention:
            found.update(dict.fromkeys(by_name.get(piece.text[1:].casefold(), [])))
    return list(found)


def pieces(body: str, names: Iterable[str]) -> list[Piece]:
    """Cut a text at the mentions of these names."""
    longest_first = sorted({name for name in names if name}, key=len, reverse=True)
    if not longest_first or "@" not in body:
        return [Piece(body)]
    wanted = "|".join(map(re.escape, longest_first))
    cut, end = [], 0
    for match in re.finditer(f"{_BEFORE}(?:{wanted}){_AFTER}", body, re.IGNORECASE):
        if match.start() > end:
            cut.append(Piece(body[end : match.start()]))
        cut.append(Piece(match.group(), is_mention=True))
        end = match.end()
    if end < len(body):
        cut.append(Piece(body[end:]))
    return cut
