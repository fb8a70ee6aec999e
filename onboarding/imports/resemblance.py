"""Which of the known names a word most likely means, and why: for a person to accept or not."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Protocol, TypeVar

from onboarding.imports.loading.deciding import name_key
from onboarding.imports.targets import PRACTITIONER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LIKE = 0.84
SHORTEST = 3


class Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


def closest(text: str, known: Iterable[N], entity: str) -> tuple[N, str] | None:
    """Answer the one that is likeliest, with the reason; None where none or several are."""
    key = name_key(entity, text)
    if not key:
        return None
    found: list[tuple[float, N, str]] = []
    for item in known:
        other = name_key(entity, item.name)
        if not other or other == key:
            continue
        score, reason = _alike(key, other, entity)
        if score:
            found.append((score, item, reason))
    found.sort(key=lambda row: -row[0])
    if not found:
        return None
    best = found[0]
    rivals = [row for row in found[1:] if row[0] == best[0] and row[1].name != best[1].name]
    return None if rivals else (best[1], f"{best[2]} “{best[1].name}”.")


def _alike(one: str, other: str, entity: str) -> tuple[float, str]:
    words, others = one.split(), other.split()
    person = _same_person(words, others) if entity == PRACTITIONER else ""
    ratio = SequenceMatcher(None, one, other).ratio()
    initials = "".join(word[0] for word in others) if len(others) > 1 else ""
    tests = (
        (0.97, "The same words as", sorted(words) == sorted(others)),
        (0.93, person, bool(person)),
        (0.9, "The initials of", one.replace(" ", "") == initials),
        (ratio, "Written almost like", ratio >= LIKE and _digits(one) == _digits(other)),
        (0.8, "A part of the name", len(one) >= SHORTEST and set(words) < set(others)),
        (0.78, "Holds the whole name", len(other) >= SHORTEST and set(others) < set(words)),
        (0.75, "The beginning of", SHORTEST <= len(one) < len(other) and other.startswith(one)),
    )
    return next(((score, reason) for score, reason, holds in tests if holds), (0.0, ""))


def _same_person(words: Sequence[str], others: Sequence[str]) -> str:
    if words[-1] != others[-1]:
        return ""
    if len(words) == 1 or len(others) == 1:
        return "The surname of"
    return "The same surname and initial as" if words[0][0] == others[0][0] else ""


def _digits(text: str) -> str:
    """“Room 1” and “Room 2” are almost the same word and not the same room."""
    return "".join(c for c in text if c.isdigit())
