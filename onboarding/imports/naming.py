"""How alike a field's name and a word for something are, in the ways FileMaker people name things."""

from __future__ import annotations

import re
from functools import lru_cache

from onboarding.imports.values.text import folded

_CAMEL = re.compile(r"(?<=[a-zß-ÿ0-9])(?=[A-ZÀ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])")
_DIGITS = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
_FILLERS = frozenset("z zz k kp kf pk fk t x c the of txt fld field fm details detail info".split())
PLURAL_FROM = 4
EQUAL, INSIDE, PER_EXTRA, LEAST_INSIDE = 0.95, 0.88, 0.13, 0.5


@lru_cache(maxsize=4096)
def tokens(name: str) -> tuple[str, ...]:
    """Part a name into words: `kf_PatientID` is patient id, `phone2` is phone 2."""
    words = _DIGITS.sub(" ", folded(_CAMEL.sub(" ", name.replace("_", " ")))).split()
    kept = [word for word in words if word not in _FILLERS]
    return tuple(_singular(word) for word in kept or words)


def _singular(word: str) -> str:
    if len(word) >= PLURAL_FROM and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=512)
def _synonyms(words: str) -> tuple[tuple[frozenset[str], str], ...]:
    """Part `given name|first` into sets of words, each with its words as one."""
    sets = [
        frozenset(_singular(part) for part in _DIGITS.sub(" ", synonym).split())
        for synonym in words.split("|")
        if synonym
    ]
    return tuple((words_, "".join(sorted(words_)) if len(words_) > 1 else "") for words_ in sets)


@lru_cache(maxsize=65_536)
def likeness(name: str, synonyms: str, noise: str) -> float:
    """Answer 0 to 0.95: the same words in any order, or all of a synonym's words and few more.

    `synonyms` are parted by `|`. `noise` are words that say nothing here: “Patient” in the name of a
    field of the patients.
    """
    whole = frozenset(tokens(name))
    less = whole - {_singular(word) for word in noise.split()}
    joined = "".join(sorted(whole))
    best = 0.0
    for words, as_one in _synonyms(synonyms):
        best = max(best, _alike(whole, words))
        if less and less != whole:
            best = max(best, 0.97 * _alike(less, words))
        if as_one and joined == as_one:
            best = EQUAL
    return best


def _alike(words: frozenset[str], synonym: frozenset[str]) -> float:
    if words == synonym:
        return EQUAL
    if synonym < words:
        extra = len(words) - len(synonym)
        score = INSIDE - PER_EXTRA * extra
        return score if score >= LEAST_INSIDE else 0.0
    return 0.0
