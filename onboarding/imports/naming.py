"""How alike a field's name and a word for something are, in the ways FileMaker people name things."""

from __future__ import annotations

import re
from functools import lru_cache

from onboarding.imports.values.text import folded

_CAMEL = re.compile(r"(?<=[a-zß-ÿ0-9])(?=[A-ZÀ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])")
_COMPOUND = re.compile(r"([a-z]{3,}?)(?:en|n|s)?(nummer|nr|datum|zeit|status)")
_DIGITS = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
_FILLERS = frozenset("z zz k kp kf pk fk t x c the of txt fld field fm details detail info".split())
_ALIKE = {
    "no": "number", "nr": "number", "num": "number", "nbr": "number", "nummer": "number",
    "numero": "number", "n": "number", "tel": "phone", "telephone": "phone", "ph": "phone",
    "fone": "phone", "hm": "home", "wk": "work", "mob": "mobile", "cel": "cell", "add": "address",
    "addr": "address", "adr": "address", "pt": "patient", "pat": "patient", "clin": "clinic",
    "appt": "appointment", "apt": "appointment", "surn": "surname", "emerg": "emergency",
    "ref": "referrer", "coord": "coordinator", "gesch": "geschaft", "priv": "privat",
    "pcode": "postcode", "geb": "geburt", "dat": "datum", "beh": "behandlung", "mins": "minute",
    "min": "minute", "strassen": "strasse", "str": "strasse", "begin": "start", "stop": "end",
    "kind": "type", "typ": "type", "desc": "description", "qty": "quantity", "amt": "amount",
    "beginn": "start", "debut": "start", "ende": "end", "fin": "end", "gndr": "gender",
    "pc": "postcode", "warnungen": "warnung", "bday": "birthday",
    "dt": "date", "dte": "date", "nm": "name", "nam": "name", "ttl": "title", "cellular": "cell",
    "tm": "time", "st": "street", "strt": "street", "cmt": "comment", "dur": "duration",
    "lgth": "length", "prov": "provider", "loc": "location", "stat": "status", "sts": "status",
    "mgr": "manager", "org": "organisation", "med": "medical", "dr": "doctor", "ther": "therapist",
}  # fmt: skip
"""Short for, or another spelling of: put in its place on both sides before words are compared."""
PLURAL_FROM = 4
EQUAL, INSIDE, PER_EXTRA, LEAST_INSIDE = 0.95, 0.88, 0.13, 0.5


@lru_cache(maxsize=4096)
def tokens(name: str) -> tuple[str, ...]:
    """Part a name into words: `kf_PatientID` is patient id, `phone2` is phone 2."""
    words = _DIGITS.sub(" ", folded(_CAMEL.sub(" ", name.replace("_", " ")))).split()
    kept = [word for word in words if word not in _FILLERS]
    return tuple(_singular(word) for word in kept or words)


def plain(word: str) -> str:
    """Answer the word that is compared: singular, written out."""
    single = _singular(word)
    return _ALIKE.get(single, single)


def _singular(word: str) -> str:
    if len(word) >= PLURAL_FROM and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=512)
def _synonyms(words: str) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    """Part `given name|first` into sets of words, each with its words written as one."""
    found = []
    for synonym in filter(None, words.split("|")):
        parts = _DIGITS.sub(" ", synonym).split()
        as_one = frozenset({"".join(parts), "".join(map(plain, parts))})
        found.append((frozenset(map(plain, parts)), as_one))
    return tuple(found)


@lru_cache(maxsize=65_536)
def likeness(name: str, synonyms: str, noise: str) -> float:
    """Answer 0 to 0.95: the same words in any order, or all of a synonym's words and few more.

    `synonyms` are parted by `|`. `noise` are words that say nothing here: “Patient” in the name of a
    field of the patients.
    """
    parts = tokens(name)
    whole = frozenset(map(plain, parts))
    noisy = {plain(word) for word in noise.split()}
    less = whole - noisy
    joined = {"".join(parts), "".join(map(plain, parts))}
    parted = _parted(parts)
    best = 0.0
    for words, as_one in _synonyms(synonyms):
        best = max(best, _alike(whole, words))
        if less and less != whole:
            best = max(best, 0.97 * _alike(less, words))
        if parted:
            best = max(best, 0.97 * _alike(parted - noisy, words))
        if joined & as_one:
            best = EQUAL
    return best


_KEYS = frozenset("id number key code pk".split())


def numbers_records(name: str) -> bool:
    """True for what is called like a record's number: `PatNo`, `Klientennummer`, `kp_ID`."""
    parts = tokens(name)
    return bool(_KEYS & {*map(plain, parts), *_parted(parts)})


def _parted(parts: tuple[str, ...]) -> frozenset[str]:
    """Part German compounds: `Klientennummer` is klient number; empty where there is none."""
    found = [_COMPOUND.fullmatch(part) for part in parts]
    if not any(found):
        return frozenset()
    words = [
        word
        for part, match in zip(parts, found, strict=True)
        for word in (match.groups() if match else (part,))
    ]
    return frozenset(map(plain, words))


def _alike(words: frozenset[str], synonym: frozenset[str]) -> float:
    if words == synonym:
        return EQUAL
    if synonym < words:
        extra = len(words) - len(synonym)
        score = INSIDE - PER_EXTRA * extra
        return score if score >= LEAST_INSIDE else 0.0
    return 0.0
