"""People's names: split only where the text itself says how."""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.imports.values.issues import Issue, Reading
from onboarding.imports.values.text import folded, one_line

TITLES = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame rev fr sr master mstr hon "
    "herr frau fraulein m mme mlle monsieur madame mademoiselle doktor docteur".split()
)
SUFFIXES = frozenset("jr sr ii iii iv junior senior oam am ao phd md".split())
PARTICLES = frozenset(
    "van von der den de del della di da dos du la le les ter ten zu zum zur bin al el st o mac mc".split()
)


@dataclass(frozen=True, slots=True)
class PersonName:
    """Parts of a name as typed; `family` is empty when only one word was there."""

    given: str = ""
    family: str = ""
    middle: str = ""
    title: str = ""


def split_name(raw: str) -> Reading[PersonName]:
    """Split “Surname, Given” by its comma, “Dr Given Middle Surname” by its blanks.

    Particles (van, de la) stay with the surname. A single word is taken for the surname.
    """
    text = one_line(raw)
    if not text:
        return Reading()
    head, comma, tail = text.partition(",")
    if comma and folded(tail) not in SUFFIXES and tail.strip():
        return _by_comma(head, tail)
    return _by_blanks(text.replace(",", " "))


def _by_comma(head: str, tail: str) -> Reading[PersonName]:
    title, family = _take_title(head.split())
    late_title, given = _take_title(tail.replace(",", " ").split())
    if not given:
        return _by_blanks(head)
    return Reading(PersonName(given[0], " ".join(family), " ".join(given[1:]), title or late_title))


def _by_blanks(text: str) -> Reading[PersonName]:
    title, words = _take_title(text.split())
    if not words:
        return Reading(PersonName(family=title))
    suffix: list[str] = []
    while len(words) > 2 and folded(words[-1]) in SUFFIXES:  # noqa: PLR2004 - given and family
        suffix.insert(0, words.pop())
    if len(words) == 1:
        note = Issue("one_word_name", "Only one word of a name: taken as the surname.")
        return Reading(PersonName(family=words[0], title=title), (note,))
    start = len(words) - 1
    while start > 1 and folded(words[start - 1]) in PARTICLES:
        start -= 1
    family = " ".join([*words[start:], *suffix])
    issues: tuple[Issue, ...] = ()
    if start > 2:  # noqa: PLR2004 - more than one middle word is a guess
        issues = (Issue("name_guess", "Where the surname starts is a guess: several words."),)
    return Reading(PersonName(words[0], family, " ".join(words[1:start]), title), issues)


def _take_title(words: list[str]) -> tuple[str, list[str]]:
    taken: list[str] = []
    rest = list(words)
    while len(rest) > 1 and folded(rest[0]) in TITLES:
        taken.append(rest.pop(0))
    return " ".join(taken), rest
